// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/view.hpp"
#include "../capture/snapshot.hpp"
#include "../symbolize/code_origin.hpp"
#include "frame_list.hpp"
#include "named_block.hpp"
#include "position.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Removes the library's own frames. Where the thread was inside a call of ours, the frames that this called are
/// removed as well; but not the handlers of a loop that we run for a test.
inline void drop_own_frames(std::vector<frame>& stack)
{
    auto const own = [](frame const& f) { return origin_of(f) == code_origin::loopwatch; };
    std::size_t handler = 0;
    while (handler < stack.size() && !is_handler_call(stack[handler])) ++handler;
    std::size_t inside = handler;  // the frames of the call of ours, and further in
    while (inside > 0 && !own(stack[inside - 1])) --inside;
    bool const above_is_ours =
        all_of(view{stack}.first(inside), [&](frame const& f) { return own(f) || origin_of(f) != code_origin::user; });
    std::size_t at = 0;
    remove_if(stack, [&](frame const& f) { return (at++ < inside && above_is_ours) || own(f); });
}

inline stack_quality quality_of(named_look const& look, frame_list const& shown)
{
    if (shown.empty()) return stack_quality::none;
    if (look.missing == capture_error::none) return stack_quality::exact;
    return look.complete ? stack_quality::approximate : stack_quality::partial;
}

/// A sample of a block, as block_sample.
struct shown_sample {
    nanoseconds after{};
    std::string doing;
    frame_list stack;
    loopwatch::stack_quality stack_quality{loopwatch::stack_quality::none};
};

/// Puts a stack as it is shown into what is to be shown.
template <typename Shown>
void put_stack_into(Shown& to, named_look const& look)
{
    to.stack = look.frames.derived(&drop_own_frames);
    to.stack_quality = quality_of(look, to.stack);
}

/// The coroutines that await the running one, without Asio's own, which only start others. `stack`: as it is shown.
/// None, if the innermost coroutine on the stack is not the one whose awaiters are known: while a coroutine starts an
/// operation it is not attached to its thread. Pure.
inline std::vector<frame> awaiters_of(named_look const& look, view<frame const> stack)
{
    std::vector<frame> all;
    frame const* const innermost = first_with(stack, &frame::coroutine, true);
    if (innermost == nullptr || innermost->function != look.awaited) return all;
    for (frame const& awaiter : look.awaiters) {
        auto const origin = origin_of(awaiter);
        if (origin != code_origin::user && origin != code_origin::library) continue;
        all.push_back(awaiter);
        all.back().coroutine = true;
    }
    return all;
}

/// What a report shows of the thread that answers for the block.
struct shown_stack {
    frame_list stack;
    loopwatch::stack_quality stack_quality{loopwatch::stack_quality::none};
    std::string stack_missing;
    std::vector<frame> awaited_by;
};

/// What one look shows. Pure.
inline shown_stack shown_at(named_look const& look)
{
    shown_stack shown;
    put_stack_into(shown, look);
    shown.stack_missing = std::string{text_of(look.missing)};
    shown.awaited_by = awaiters_of(look, shown.stack);
    return shown;
}

/// A sample instead of what a look shows. The awaiters are known for the look only: they are kept if both are in the
/// same coroutine. Pure.
inline shown_stack shown_instead(shown_stack look, shown_sample const& sample)
{
    frame const* const before = first_with(look.stack, &frame::coroutine, true);
    frame const* const now = first_with(sample.stack, &frame::coroutine, true);
    bool const same_coroutine = before != nullptr && now != nullptr && before->function == now->function;
    if (!same_coroutine) look.awaited_by.clear();
    look.stack = sample.stack;
    look.stack_quality = sample.stack_quality;
    look.stack_missing.clear();
    return look;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
