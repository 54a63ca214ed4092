// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../cause.hpp"
#include "../../../detail/config.hpp"
#include "../../base/clock.hpp"
#include "../../base/duration_text.hpp"
#include "../../base/formatted.hpp"
#include "activity.hpp"
#include "time_shares.hpp"
#include "wording.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

struct judgement {
    loopwatch::cause cause{};
    std::string evidence;
    nanoseconds own{};        // what of the duration the code answers for
    std::string excuse;       // why nobody is blamed; "": somebody is
    bool was_allowed{false};  // what was allowed was taken off, and but for that somebody would be blamed for it
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
    nanoseconds const starved = std::max(shares.of(cause::starved), e.free_starved);
    if (own < e.threshold) return e.forgiven && e.late > starved ? cause::suspended : cause::starved;
    if (!e.handlers_run.empty()) return cause::backlog;
    // Samples far apart are of different handlers, however long each of them takes: one at least was surely short.
    if (e.handlers.count >= 3 && e.handlers.longest < e.threshold && e.handlers.briefest < e.threshold)
        return cause::backlog;
    cause largest = cause::unknown;
    for (cause const c : all_causes)
        if (c != cause::starved && shares.of(c) > shares.of(largest)) largest = c;
    return largest == cause::lock && waits_for_itself(e) ? cause::self_deadlock : largest;
}

/// What was allowed is not the code's own. As with the wait for a CPU nobody knows how much of one lies in the other:
/// both are taken off in full, so that `own` is never more than it was.
inline nanoseconds own_of(block_evidence const& e, nanoseconds but_for_allowances)
{
    return std::max({nanoseconds{0}, but_for_allowances - e.allowed.total(), e.allowed.over()});
}

inline bool is_large(block_evidence const& e, nanoseconds part) { return part * 10 >= e.duration; }

/// With what was allowed of it, and what went beyond.
inline std::string with_allowances(block_evidence const& e, std::string evidence)
{
    auto const join = [](std::string a, std::string const& b) { return a.empty() ? b : std::move(a) + "; " + b; };
    if (e.allowed.over() > nanoseconds{0}) evidence = join(e.allowed.over_text(), evidence);
    if (is_large(e, e.allowed.total())) evidence = join(std::move(evidence), "allowed: " + e.allowed.text(e.duration));
    return evidence;
}

/// Weighs the evidence of one block: why it was, and whether the code is to be blamed. Pure.
inline judgement judge(block_evidence const& e, cause_set raise_on)
{
    time_shares const shares{e};
    nanoseconds const late = e.forgiven ? e.late : nanoseconds{0};
    nanoseconds const starved = std::max(shares.of(cause::starved), e.free_starved);
    nanoseconds const but_for_allowances = std::max(nanoseconds{0}, e.duration - starved - late - e.uncounted);
    bool const over = e.allowed.over() > nanoseconds{0};
    judgement j;
    nanoseconds const allowed = e.allowed.total();
    j.own = own_of(e, but_for_allowances);
    bool const blamed_without = but_for_allowances >= e.threshold || raise_on.contains(cause::starved);
    bool const excused = allowed > nanoseconds{0} && !over && j.own < e.threshold &&
                         (but_for_allowances >= e.threshold || e.duration - allowed < e.threshold);
    j.was_allowed = allowed > nanoseconds{0} && blamed_without && (excused || is_large(e, allowed));
    j.cause = cause_of(e, shares, over ? std::max(j.own, e.threshold) : excused ? but_for_allowances : j.own);
    j.evidence = wording{e, shares}(j.cause);
    if (e.excludes_allowed) j.evidence = with_allowances(e, std::move(j.evidence));
    if (e.tracer != 0)
        j.excuse = formatted("a debugger is attached (process {})", {e.tracer});
    else if (excused)
        j.excuse = "allowed: " + e.allowed.text(e.duration);
    else if (raise_on.contains(j.cause))
        return j;
    else if (j.own < e.threshold && !over)
        j.excuse = formatted("only {} of it are its own", {duration_text(j.own)});
    else
        j.excuse = formatted("raise_on leaves out {}", {to_string(j.cause)});
    return j;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
