// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../block_report.hpp"
#include "../../../cause.hpp"
#include "../../../detail/algorithm.hpp"
#include "../../../detail/config.hpp"
#include "../../base/clock.hpp"
#include "../culprit.hpp"
#include "thread_samples.hpp"
#include "time_shares.hpp"

#include <cstddef>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// Which of the samples of a block shows its cause.

/// The sample that was taken at this moment. Pure.
inline shown_sample const* sample_of(thread_samples const& samples, observation const& o)
{
    return first_with(samples.shown, &shown_sample::after, o.after);
}

/// Whether two samples show the same function of the user's; where there is none, the same innermost function.
/// Functions without names are taken for the same one. Pure.
inline bool same_function(shown_sample const& a, shown_sample const& b)
{
    auto const of = [](shown_sample const& s) {
        frame const* const culprit = culprit_of(s.stack);
        return culprit != nullptr || s.stack.empty() ? culprit : &s.stack.front();
    };
    frame const* const one = of(a);
    frame const* const other = of(b);
    if (one == nullptr || other == nullptr) return false;
    return one->function == other->function;
}

/// Of the moments that show a computation, the one to show. That is the deadline's, if it was in no system call.
///
/// In a call it proves nothing: a thread that was woken and waits for a CPU is ready to run, too, and still on the
/// stack of the call in which it slept. But some programs compute in calls only, as those that read files which are in
/// memory. So it is the first moment in the function in which the thread used most CPU time. Without counters, calls
/// are taken only if there is nothing else.
template <typename MayTell>
observation const* telling_computation(thread_samples const& samples, MayTell const& may_tell)
{
    if (!samples.counted.empty() && may_tell(samples.counted[0]) && !samples.counted[0].in_call)
        return &samples.counted[0];
    observation const* best = nullptr;
    nanoseconds longest{};
    std::size_t most = 0;
    for (observation const& o : samples.counted) {
        shown_sample const* const one = sample_of(samples, o);
        if (!may_tell(o) || one == nullptr) continue;
        nanoseconds computed{};
        std::size_t count = 0;
        for (observation const& other : samples.counted) {
            shown_sample const* const another = sample_of(samples, other);
            if (!may_tell(other) || another == nullptr || !same_function(*one, *another)) continue;
            computed += other.computed;
            ++count;
        }
        if (best != nullptr && (computed < longest || (computed == longest && count <= most))) continue;
        best = &o;
        longest = computed;
        most = count;
    }
    auto const computes_there = [&](observation const& o) {
        return may_tell(o) && o.computed > nanoseconds{0} && sample_of(samples, o) != nullptr &&
               same_function(*sample_of(samples, o), *sample_of(samples, *best));
    };
    observation const* const certain = best == nullptr ? nullptr : first_of(samples.counted, computes_there);
    return certain != nullptr ? certain : best;
}

/// The first moment that shows the cause; of computations, the one above. Null: there is none. Of several handlers one
/// of that which ran for longest, unless only others show the cause. None without a culprit if others have one: it
/// shows the handler's beginning or end, outside of the fiber that it runs, for instance. Pure.
inline observation const* telling_moment(thread_samples const& samples, cause why)
{
    auto const shows_cause = [&](observation const& o) {
        return !o.between && time_shares::cause_of(o.what.what) == why;
    };
    bool const main_shows_it =
        any_of(samples.counted, [&](observation const& o) { return o.in_main && shows_cause(o); });
    auto const is_candidate = [&](observation const& o) { return !o.between && (o.in_main || !main_shows_it); };
    auto const has_culprit = [&](observation const& o) {
        shown_sample const* const sample = sample_of(samples, o);
        return is_candidate(o) && sample != nullptr && culprit_of(sample->stack) != nullptr;
    };
    bool const has_any = any_of(samples.counted, has_culprit);
    auto const may_tell = [&](observation const& o) {
        return is_candidate(o) && shows_cause(o) && (!has_any || has_culprit(o));
    };
    return why == cause::cpu ? telling_computation(samples, may_tell) : first_of(samples.counted, may_tell);
}

/// The sample to show instead of the stack at the deadline, if that shows another cause or there is none. A handler
/// that computes for a tenth of its time and then waits for a server must be changed where it waits. The evidence is of
/// the same sample. Null: the deadline's stack is the one to show. Pure.
inline shown_sample const* telling_sample(thread_samples const& samples, cause why, bool has_stack)
{
    if (why == cause::unknown) return nullptr;
    observation const* const telling = telling_moment(samples, why);
    if (telling == nullptr) return nullptr;
    bool const may_have_been_woken = why == cause::cpu && telling->in_call && telling->computed == nanoseconds{0};
    if (has_stack ? telling == &samples.counted[0] : may_have_been_woken) return nullptr;
    shown_sample const* const sample = sample_of(samples, *telling);
    return sample != nullptr && sample->stack_quality == stack_quality::exact ? sample : nullptr;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
