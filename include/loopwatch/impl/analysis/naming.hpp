// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../block/looks_at.hpp"
#include "../block/raw_block.hpp"
#include "../capture/snapshot.hpp"
#include "../symbolize/symbolize.hpp"
#include "handler_seen.hpp"
#include "named_block.hpp"
#include "named_stacks.hpp"
#include "position.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

// Names all addresses of a block in one pass. No other step from the raw block to the report needs a symbolizer.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// How many named frames the innermost physical frames are: functions that were inlined have a named frame only.
inline std::size_t named_frames(view<frame const> stack, std::size_t physical)
{
    std::size_t n = 0;
    for (; n < stack.size() && physical > 0; ++n)
        if (!stack[n].inlined) --physical;
    return n;
}

/// Pure. Where a thread is, by its list of loops; where that does not tell, by names. `inner`: the frames that were
/// called by the scheduler's own function.
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

/// Makes named blocks, with a symbolizer or what names like one. Names what may be needed, for an address that is
/// looked up for the first time can take milliseconds: samples only of threads that may be shown.
template <typename Names>
class block_naming {
public:
    block_naming(Names& names, named_stacks& stacks) : names_{names}, stacks_{stacks} {}

    named_block operator()(raw_block const& raw)
    {
        named_block block;
        static_cast<block_facts&>(block) = static_cast<block_facts const&>(raw);
        if (raw.how == ending::beat) block.beat_path = beat_path(raw.beat_path);
        bool const by_asio = asio_calls_handlers(raw.knows_runners, block.beat_path);
        for (std::size_t i = 0; i < raw.first.size(); ++i)
            block.threads.push_back(thread(raw, raw.first[i], raw.lives[i], by_asio));
        for (std::size_t i = 0; i < raw.others.size(); ++i)
            block.others.push_back(thread(raw, raw.others[i], raw.other_lives[i], by_asio));
        if (!goes_on_after(raw.how))
            for (seen_thread const& t : raw.latest) block.latest.push_back(look(t));
        if (raw.holder) block.holder = look(*raw.holder);
        return block;
    }

private:
    named_thread thread(raw_block const& raw, seen_thread const& at_deadline, thread_life const& life, bool by_asio)
    {
        named_thread named{.life = life, .looks = {}, .last = at_deadline.reading};
        named.looks.push_back(look(at_deadline));
        // No stack is shown of a thread that was in no handler at the deadline.
        bool const may_be_shown = !by_asio || !is_in_no_handler(named.at_deadline());
        for (seen_thread const* const later : looks_at(raw, at_deadline.stack.thread)) {
            named.last = later->reading;
            // A look that was taken after the end shows something else, and so may a reading, which comes after it.
            bool const in_time = later->stack.taken_at < raw.ended_at();
            if (later == &at_deadline || !may_be_shown || !in_time) continue;
            named.looks.push_back(look(*later));
            named.looks.back().reading.discard_later(raw.ended_at());
        }
        return named;
    }

    named_look look(seen_thread const& t)
    {
        snapshot const& s = t.stack;
        named_stacks::named_stack const& stack = named(s);
        named_look look{.thread = s.thread,
                        .taken_at = s.taken_at,
                        .reading = t.reading,
                        .frames = stack.frames,
                        .missing = s.missing,
                        .complete = s.complete(),
                        .in_call = s.in_call,
                        .asleep = s.asleep,
                        .let_go = s.let_go,
                        .where = stack.where,
                        .handler = {},
                        .awaited = {},
                        .awaiters = {}};
        look.handler = handler_in(look.frames, look.where, s);
        if (s.awaiters_size > 0) look.awaited = function_at(s.awaited).function;
        for (std::uintptr_t const function : s.awaiting()) look.awaiters.push_back(function_at(function));
        return look;
    }

    named_stacks::named_stack const& named(snapshot const& s)
    {
        named_stacks::key const k{s, false};
        if (auto const* const known = stacks_.find(k)) return *known;
        auto frames = names_(s);
        position const where = place(s, frames);
        return stacks_.add(k, {std::move(frames), where});
    }

    frame_list beat_path(snapshot const& s)
    {
        named_stacks::key const k{s, true};
        if (auto const* const known = stacks_.find(k)) return known->frames;
        return stacks_.add(k, {names_.by_symbols(s), {}}).frames;
    }

    /// Where the thread was. Marks the frames that are further out than the handler.
    position place(snapshot const& s, std::vector<frame>& frames)
    {
        if (s.where != standing::unknown) {
            std::size_t const inner = named_frames(frames, s.inner_frames);
            position const where = position_by(s.where, view{frames}.first(inner), s.complete());
            if (s.where == standing::handler) mark_outside(frames, inner);
            return where;
        }
        if (s.loop_frames >= s.size || s.within == ~std::uintptr_t{0}) {
            position const where = position_of(frames, s.complete());
            if (where == position::handler) mark_outside(frames, frames_of_handler(frames));
            return where;
        }
        // The frames further out were there before the guard was made: they do not run this loop.
        if (s.loop_frames == 0) return position::outside;
        return position_of(view{frames}.first(named_frames(frames, s.loop_frames)), true);
    }

    static void mark_outside(std::vector<frame>& frames, std::size_t inner)
    {
        for (std::size_t i = inner; i < frames.size(); ++i) frames[i].outside = true;
    }

    /// The function that begins at this address, not one that is inlined at its beginning.
    frame function_at(std::uintptr_t address)
    {
        snapshot one;
        one.addresses[0] = address;
        one.size = 1;
        one.first_is_exact = true;
        auto const frames = names_(one);
        return frames.empty() ? frame{} : frames.back();
    }

    Names& names_;
    named_stacks& stacks_;
};

/// `stacks`: those that were named before, by the same.
template <typename Names>
named_block named(raw_block const& raw, Names& names, named_stacks& stacks)
{
    return block_naming<Names>{names, stacks}(raw);
}
template <typename Names>
named_block named(raw_block const& raw, Names& names)
{
    named_stacks none;
    return named(raw, names, none);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
