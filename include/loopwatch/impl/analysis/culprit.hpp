// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../base/view.hpp"
#include "../symbolize/code_origin.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Pure. block_report::culprit(), of any stack. Without names nothing tells the user's own functions from Asio's, which
/// are compiled into the program, too. The outermost of the handler are Asio's for certain, of a coroutine all but the
/// coroutine's; the innermost is mostly the one that the names would have given, which optimizers inline Asio's into.
constexpr frame const* culprit_of(view<frame const> stack) noexcept
{
    frame const* of_library = nullptr;
    frame const* nameless = nullptr;
    bool is_users = false;
    for (frame const& f : stack) {
        if (f.outside) break;
        bool const mine = origin_of(f) == code_origin::user;
        if (mine && !f.function.empty()) return &f;
        if (mine && nameless == nullptr && !f.module.empty()) nameless = &f;
        is_users = is_users || mine;
        if (is_library_code(f)) of_library = &f;
    }
    bool const knows_handler = !stack.empty() && stack[stack.size() - 1].outside;
    if (!knows_handler) return nullptr;
    return is_users ? nameless : of_library;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
