// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../cause.hpp"
#include "../clock.hpp"
#include "../config.hpp"
#include "../duration_text.hpp"
#include "activity.hpp"
#include "time_shares.hpp"
#include "wording.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

struct judgement {
    loopwatch::cause cause{};
    std::string evidence;
    nanoseconds own{};   // what of the duration the code answers for
    std::string excuse;  // why nobody is blamed; "": somebody is
};

/// Of some waits only another thread can be the end.
inline bool waits_for_itself(block_evidence const& e)
{
    if (e.holds_it_itself) return true;
    observation const* const o = first_seen(e, activity::lock);
    if (!e.is_alone || o == nullptr) return false;
    auto const kind = o->what.lock;
    return kind == lock_kind::mutex || kind == lock_kind::condition_variable || kind == lock_kind::future ||
           kind == lock_kind::read_write_lock;
}

/// Nobody's fault is what is left over when the code's own part is short. Else it is the largest of its own parts.
inline cause cause_of(block_evidence const& e, time_shares const& shares, nanoseconds own)
{
    if (own < e.threshold) return e.forgiven && e.late > shares.of(cause::starved) ? cause::suspended : cause::starved;
    // Samples far apart are of different handlers, however long each of them takes: one at least was surely short.
    if (e.handlers.count >= 3 && e.handlers.longest < e.threshold && e.handlers.briefest < e.threshold)
        return cause::backlog;
    cause largest = cause::unknown;
    for (cause const c : all_causes)
        if (c != cause::starved && shares.of(c) > shares.of(largest)) largest = c;
    return largest == cause::lock && waits_for_itself(e) ? cause::self_deadlock : largest;
}

/// Weighs the evidence of one block: why it was, and whether the code is to be blamed. Pure.
inline judgement judge(block_evidence const& e, cause_set raise_on)
{
    time_shares const shares{e};
    nanoseconds const late = e.forgiven ? e.late : nanoseconds{0};
    judgement j;
    j.own = std::max(nanoseconds{0}, e.duration - shares.of(cause::starved) - late - e.uncounted);
    j.cause = cause_of(e, shares, j.own);
    j.evidence = wording{e, shares}(j.cause);
    if (e.tracer != 0)
        j.excuse = fmt::format("a debugger is attached (process {})", e.tracer);
    else if (raise_on.contains(j.cause))
        return j;
    else if (j.own < e.threshold)
        j.excuse = fmt::format("only {} of it are its own", duration_text(j.own));
    else
        j.excuse = fmt::format("raise_on leaves out {}", to_string(j.cause));
    return j;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
