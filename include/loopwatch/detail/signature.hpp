// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../block_report.hpp"
#include "../cause.hpp"
#include "algorithm.hpp"
#include "code_origin.hpp"
#include "config.hpp"

#include <compare>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What makes two blocks the same one, in another run and on another machine: no addresses, no lines, which move with
/// every edit, and no folders.
struct block_signature {
    std::string culprit;  ///< the function; without one of the user's, the innermost that has a name; may be empty
    std::string file;     ///< its name alone; may be empty
    loopwatch::cause cause{};

    friend auto operator<=>(block_signature const&, block_signature const&) = default;
};

/// Pure. Throws: std::bad_alloc.
inline block_signature signature_of(block_report const& report)
{
    block_signature s{.culprit = {}, .file = {}, .cause = report.cause};
    frame const* which = report.culprit();
    if (which == nullptr) which = first_of(report.stack, [](frame const& f) { return !f.function.empty(); });
    if (which != nullptr) {
        s.culprit = which->function.empty() ? std::string{base_name(which->module)} : which->function;
        s.file = base_name(which->file);
    }
    return s;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
