// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../block/raw_block.hpp"
#include "../capture/snapshot.hpp"
#include "../symbolize/code_origin.hpp"
#include "../symbolize/symbolize.hpp"
#include "classify.hpp"
#include "position.hpp"

#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// How many of the named frames these physical ones are, the innermost of the stack.
inline std::size_t named_frames(view<frame const> stack, std::size_t physical)
{
    std::size_t n = 0;
    for (; n < stack.size() && physical > 0; ++n)
        if (!stack[n].inlined) --physical;
    return n;
}

/// Pure. Where a thread is by its list of loops, and by names where that does not tell. `inner`: the frames that the
/// scheduler's own function has called.
inline position position_by(standing where, view<frame const> inner, bool complete)
{
    position const by_name = position_of(inner, complete);
    switch (where) {
        case standing::unknown: return by_name;
        case standing::outside: return position::outside;
        case standing::handler: return position::handler;
        // A stub for indirect calls looks like a direct one.
        case standing::parked: return by_name == position::handler ? by_name : position::parked;
        case standing::inside: return by_name == position::outside ? position::parked : by_name;
    }
    return by_name;
}

inline named_stack named(snapshot const& s, symbolizer& names)
{
    if (s.where != standing::unknown) {
        auto frames = names(s);
        std::size_t const inner = named_frames(frames, s.inner_frames);
        position const where = position_by(s.where, view{frames}.first(inner), s.complete());
        if (s.where == standing::handler)
            for (std::size_t i = inner; i < frames.size(); ++i) frames[i].outside = true;
        return {std::move(frames), s.missing, where};
    }
    if (s.loop_frames >= s.size || s.within == ~std::uintptr_t{0}) {
        named_stack stack{names(s), s.missing, s.complete()};
        if (stack.where == position::handler)
            for (std::size_t i = stack.frames.size(); !is_handler_call(stack.frames[i - 1]); --i)
                stack.frames[i - 1].outside = true;
        return stack;
    }
    // The frames further out were there before the guard: whatever loop they run, it is not this one.
    snapshot inner = s;
    inner.size = s.loop_frames;
    return {names(s), s.missing, inner.size == 0 ? position::outside : position_of(names(inner), true)};
}

inline many<named_stack> named(moment const& seen, symbolizer& names)
{
    many<named_stack> stacks;
    for (seen_thread const& t : seen) stacks.push_back(named(t.stack, names));
    return stacks;
}

/// Removes the library's own frames. Where the thread was inside a call of ours, what that call called goes, too; but
/// not the handlers of a loop that we run for a test.
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

inline stack_quality quality_of(snapshot const& s, std::vector<frame> const& shown)
{
    if (shown.empty()) return stack_quality::none;
    if (s.missing == capture_error::none) return stack_quality::exact;
    return s.complete() ? stack_quality::approximate : stack_quality::partial;
}

/// A stack as it is shown: into a report, a sample or other_thread.
template <typename Shown>
void put_stack_into(Shown& to, snapshot const& s, std::vector<frame> frames)
{
    drop_own_frames(frames);
    to.stack_quality = quality_of(s, frames);
    to.stack = std::move(frames);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
