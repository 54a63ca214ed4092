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
inline block_sample const* sample_of(thread_samples const& samples, observation const& o)
{
    return first_with(samples.shown, &block_sample::after, o.after);
}

/// Whether two samples are of one function of the user's own; where there is none, of one innermost function. Those
/// without a name are taken for one: nothing tells two of them apart. Pure.
inline bool same_function(block_sample const& a, block_sample const& b)
{
    auto const of = [](block_sample const& s) {
        frame const* const culprit = culprit_of(s.stack);
        return culprit != nullptr || s.stack.empty() ? culprit : &s.stack.front();
    };
    frame const* const one = of(a);
    frame const* const other = of(b);
    if (one == nullptr || other == nullptr) return false;
    return one->function == other->function;
}

/// Of the moments that show a computation, the one to show: the deadline's, if it was in no call. A thread that was
/// woken and waits for a CPU is ready to run, too, on the stack of the call that it slept in; but it has not computed
/// since. So else it is the first one in the function that the thread was on a CPU for longest in: some programs do
/// nothing but read what is in memory already. Where that is not counted, calls tell only if there is nothing else.
template <typename MayTell>
observation const* telling_computation(thread_samples const& samples, MayTell const& may_tell)
{
    if (!samples.counted.empty() && may_tell(samples.counted[0]) && !samples.counted[0].in_call)
        return &samples.counted[0];
    observation const* best = nullptr;
    nanoseconds longest{};
    std::size_t most = 0;
    for (observation const& o : samples.counted) {
        block_sample const* const one = sample_of(samples, o);
        if (!may_tell(o) || one == nullptr) continue;
        nanoseconds computed{};
        std::size_t count = 0;
        for (observation const& other : samples.counted) {
            block_sample const* const another = sample_of(samples, other);
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

/// The moment that shows the cause: the first one, but of computations as above. Null: none does. Never one in no
/// handler, nor, where others have one, one without a culprit: of the same handler that is its end or its beginning,
/// outside of the fiber that it runs, say. Pure.
inline observation const* telling_moment(thread_samples const& samples, cause why)
{
    auto const has_culprit = [&](observation const& o) {
        block_sample const* const sample = sample_of(samples, o);
        return sample != nullptr && culprit_of(sample->stack) != nullptr;
    };
    bool const has_any = any_of(samples.counted, has_culprit);
    auto const may_tell = [&](observation const& o) {
        return time_shares::cause_of(o.what.what) == why && !o.between && (!has_any || has_culprit(o));
    };
    return why == cause::cpu ? telling_computation(samples, may_tell) : first_of(samples.counted, may_tell);
}

/// The sample to show, where the stack at the deadline shows another cause, or there is none: a handler that computes
/// for a tenth of its time and then waits for a server is to be changed where it waits. It is the one that the evidence
/// is of. Null: what is shown is right. Pure.
inline block_sample const* telling_sample(thread_samples const& samples, cause why, bool has_stack)
{
    if (why == cause::unknown || samples.handlers.count > 1) return nullptr;
    observation const* const telling = telling_moment(samples, why);
    if (telling == nullptr) return nullptr;
    bool const may_have_been_woken = why == cause::cpu && telling->in_call && telling->computed == nanoseconds{0};
    if (has_stack ? telling == &samples.counted[0] : may_have_been_woken) return nullptr;
    block_sample const* const sample = sample_of(samples, *telling);
    return sample != nullptr && sample->stack_quality == stack_quality::exact ? sample : nullptr;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
