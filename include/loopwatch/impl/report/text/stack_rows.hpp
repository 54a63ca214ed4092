// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../block_report.hpp"
#include "../../../detail/config.hpp"
#include "../../base/many.hpp"
#include "../../base/view.hpp"
#include "../../symbolize/code_origin.hpp"

#include <cstddef>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// How many frames at the outer end only start the program, its thread, or its tests.
inline std::size_t starting_frames(view<frame const> stack)
{
    std::size_t n = 0;
    while (n < stack.size()) {
        frame const& f = stack[stack.size() - n - 1];
        // A test framework's own main function, whose file is not always known.
        if (f.function == "main" && n + 1 < stack.size() && is_test_framework(stack[stack.size() - n - 2].function)) {
            ++n;
            continue;
        }
        auto const origin = origin_of(f);
        if (origin != code_origin::system && origin != code_origin::std) break;
        ++n;
    }
    return n;
}

/// A line of a stack: frames from `begin` to before `end`.
struct stack_row {
    std::size_t begin{};
    std::size_t end{};
};

/// The innermost frame of the user's own; the stack's size if there is none.
inline std::size_t innermost_of_user(view<frame const> stack)
{
    std::size_t i = 0;
    while (i < stack.size() && origin_of(stack[i]) != code_origin::user) ++i;
    return i;
}

/// Which frames are lines of their own. Of what is not the user's these are the innermost one, which says what the
/// thread did, and the one that the culprit called, which is what to look up; runs of two and more others become one
/// line. Where there is no culprit, libraries are all there is to see: then only asio, std and boost fold.
///
/// Pure. Throws: std::bad_alloc.
inline many<stack_row> rows_of(view<frame const> stack, std::size_t culprit, bool all_frames)
{
    bool const is_known = culprit < stack.size();
    auto const folds = [&](std::size_t i) {
        if (all_frames || i == 0 || i == culprit || (is_known && i + 1 == culprit)) return false;
        auto const origin = origin_of(stack[i]);
        return is_known ? origin != code_origin::user
                        : origin == code_origin::asio || origin == code_origin::std || origin == code_origin::boost;
    };
    std::size_t const start = starting_frames(stack);
    if (!all_frames && start < stack.size()) stack = stack.first(stack.size() - start);
    many<stack_row> rows;
    for (std::size_t i = 0; i < stack.size();) {
        std::size_t end = i + 1;
        if (folds(i))
            while (end < stack.size() && folds(end)) ++end;
        rows.push_back({i, end});
        i = end;
    }
    return rows;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
