// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../cause.hpp"
#include "../../../detail/config.hpp"
#include "../../base/clock.hpp"
#include "../../base/fixed.hpp"
#include "../../block/thread_life.hpp"
#include "activity.hpp"
#include "evidence.hpp"

#include <algorithm>
#include <cstddef>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// How a block's time divides among the causes. Pure.
class time_shares {
public:
    explicit time_shares(block_evidence const& e) { weigh(e); }

    [[nodiscard]] nanoseconds of(cause c) const { return lengths_[static_cast<std::size_t>(c)]; }

    static cause cause_of(activity what)
    {
        switch (what) {
            case activity::running: return cause::cpu;
            case activity::lock: return cause::lock;
            case activity::disk: return cause::disk;
            case activity::call: return cause::blocking_call;
            case activity::stopped: return cause::suspended;
            case activity::unknown: break;
        }
        return cause::unknown;
    }

private:
    using lengths = fixed<nanoseconds, all_causes.size()>;

    static nanoseconds& of(lengths& all, cause c) { return all[static_cast<std::size_t>(c)]; }

    /// Each sample stands for the time since the one before it, and the last one also for what came after.
    static lengths by_samples(block_evidence const& e)
    {
        lengths seen{};
        nanoseconds before{};
        for (std::size_t i = 0; i < e.seen.size(); ++i) {
            bool const last = i + 1 == e.seen.size();
            nanoseconds const until = std::max(before, last ? e.duration : std::min(e.seen[i].after, e.duration));
            nanoseconds const allowed = e.excludes_allowed ? e.allowed.within(before, until) : nanoseconds{0};
            // A moment at least, so that no sample counts for nothing.
            of(seen, cause_of(e.seen[i].what.what)) += until - before - allowed + nanoseconds{1};
            before = until;
        }
        return seen;
    }

    void weigh(block_evidence const& e)
    {
        lengths seen = by_samples(e);
        if (!e.spent || !e.spent->run_delay_counted || e.spent->all <= nanoseconds{0}) {
            lengths_ = seen;
            return;
        }
        // What the kernel has counted is exact. How the rest divides, asleep, only the samples tell.
        auto const counted = [&](nanoseconds part) { return part_of(e.duration - e.uncounted, part, e.spent->all); };
        nanoseconds whole = e.duration - e.uncounted;
        of(lengths_, cause::starved) = counted(e.spent->run_delay);
        // What was counted after the block's end is taken off what was computed: of what excuses nothing is taken off.
        of(lengths_, cause::cpu) = std::min(counted(e.spent->on_cpu), whole - of(cause::starved));
        if (e.excludes_allowed) {
            // The count is of the whole block. How much of it was in the time that was not allowed the samples say,
            // within what the count leaves possible.
            nanoseconds const allowed = std::min(e.allowed.total(), whole);
            whole -= allowed;
            of(lengths_, cause::cpu) =
                std::clamp(of(seen, cause::cpu), std::clamp(of(cause::cpu) - allowed, nanoseconds{0}, whole),
                           std::min(of(cause::cpu), whole));
        }
        nanoseconds const rest = std::max(nanoseconds{0}, whole - of(cause::cpu) - of(cause::starved));
        constexpr fixed sleeping{cause::lock, cause::disk, cause::blocking_call, cause::suspended};
        nanoseconds sleeping_time{};
        for (cause const c : sleeping) sleeping_time += of(seen, c);
        if (sleeping_time == nanoseconds{0})
            of(lengths_, cause::unknown) = rest;
        else
            for (cause const c : sleeping) of(lengths_, c) = scaled(rest, of(seen, c), sleeping_time);
    }

    lengths lengths_{};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
