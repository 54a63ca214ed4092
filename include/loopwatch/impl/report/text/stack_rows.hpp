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

/// How many frames at the outer end only start the program, the thread, or the tests.
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

/// One line of a shown stack: the frames in [begin, end).
struct stack_row {
    std::size_t begin{};
    std::size_t end{};
};

/// The index of the innermost frame of the user's own code; the stack's size if there is none.
inline std::size_t innermost_of_user(view<frame const> stack)
{
    std::size_t i = 0;
    while (i < stack.size() && origin_of(stack[i]) != code_origin::user) ++i;
    return i;
}

/// Divides a stack into lines. A frame that is not the user's has its own line if it is the innermost, which says what
/// the thread did, or was called by the culprit, which is what to look up; runs of others become one line. Without a
/// culprit only asio, std and boost fold, as libraries are all there is to see. Frames that only start the program are
/// left out.
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
