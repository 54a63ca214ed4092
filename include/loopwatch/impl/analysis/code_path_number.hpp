// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../base/view.hpp"
#include "../symbolize/code_origin.hpp"
#include "culprit.hpp"

#include <cstdint>
#include <functional>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What blocks of one code path have in common, as a number of this process: cause, culprit, and the user's functions
/// in the handler from the culprit outwards. Addresses and lines are not in it, and a function that calls itself counts
/// once; but a lambda that waits is told apart by the line of the call: all lambdas of a function have one name, and
/// handlers are lambdas most often. One that computes was interrupted at any of its lines. Pure.
inline std::uint64_t code_path_of(block_report const& report, view<frame const> stack)
{
    std::uint64_t number = static_cast<std::uint64_t>(report.cause) * 2 + (report.excuse.empty() ? 1 : 0) + 1;
    auto const mix = [&](std::string_view name) {
        number = (number ^ std::hash<std::string_view>{}(name)) * 0x100000001b3U;
    };
    frame const* const culprit = culprit_of(stack);
    frame const* before = nullptr;
    for (frame const& f : stack) {
        if (f.outside) break;
        if (&f < culprit || (&f != culprit && origin_of(f) != code_origin::user)) continue;
        if (before != nullptr && before->function == f.function && before->module_offset == f.module_offset) continue;
        before = &f;
        if (!f.function.empty()) {
            mix(f.function);
            bool const waits = report.cause == cause::blocking_call || report.cause == cause::lock ||
                               report.cause == cause::disk || report.cause == cause::self_deadlock;
            if (&f == culprit && waits && f.function.ends_with("{lambda}")) number = (number ^ f.line) * 0x100000001b3U;
        } else {
            mix(f.module);
            number ^= f.module_offset;
        }
    }
    return number;
}
inline std::uint64_t code_path_of(block_report const& report) { return code_path_of(report, report.stack); }

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
