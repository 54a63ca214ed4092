// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../cause.hpp"
#include "../../../detail/algorithm.hpp"
#include "../../../detail/config.hpp"
#include "../../../detail/maybe.hpp"
#include "../../base/clock.hpp"
#include "../../base/duration_text.hpp"
#include "../../base/fixed.hpp"
#include "../../base/formatted.hpp"
#include "time_shares.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The first of them in the handler that ran for longest, which is the one that is shown; else in any. Null: none was
/// seen.
inline observation const* first_seen(block_evidence const& e, activity what)
{
    auto const is = [&](observation const& o) { return o.what.what == what; };
    observation const* const in_main = first_of(e.seen, [&](observation const& o) { return o.in_main && is(o); });
    return in_main != nullptr ? in_main : first_of(e.seen, is);
}

/// Puts the evidence for a cause into words. Pure.
class wording {
public:
    wording(block_evidence const& e, time_shares const& shares) : e_{e}, shares_{shares} {}

    [[nodiscard]] std::string operator()(cause c) const { return evidence_for(c); }

private:
    struct share {
        loopwatch::cause of;
        std::string_view words;
    };

    /// One part of the duration after the other, in percent, which together are 100 at most.
    class percents {
    public:
        explicit percents(nanoseconds whole) : whole_{whole} {}

        [[nodiscard]] std::string next(nanoseconds part)
        {
            nanoseconds::rep const before = rounded();
            told_ += std::min(part, left());
            return formatted("{}%", {rounded() - before});
        }
        [[nodiscard]] nanoseconds left() const { return whole_ - told_; }

    private:
        [[nodiscard]] nanoseconds::rep rounded() const
        {
            return whole_ <= nanoseconds{0} ? 0 : (told_.count() * 100 + whole_.count() / 2) / whole_.count();
        }

        nanoseconds whole_;
        nanoseconds told_{};
    };

    [[nodiscard]] std::string text_of(activity what) const
    {
        auto const* const o = first_seen(e_, what);
        return o == nullptr ? std::string{} : o->what.text;
    }

    /// Where only this was counted, the shares are guessed from the samples.
    [[nodiscard]] nanoseconds on_cpu() const
    {
        if (!e_.spent || e_.spent->run_delay_counted || e_.spent->all <= nanoseconds{0}) return shares_.of(cause::cpu);
        double const part = static_cast<double>(e_.spent->on_cpu.count()) / static_cast<double>(e_.spent->all.count());
        return nanoseconds{
            static_cast<nanoseconds::rep>(static_cast<double>(e_.duration.count()) * std::min(part, 1.0))};
    }

    [[nodiscard]] std::string evidence_for(cause c) const
    {
        std::string text;
        percents shown{e_.duration};
        switch (c) {
            case cause::cpu:
                text = formatted("on CPU for {} of {}", {shown.next(on_cpu()), duration_text(e_.duration)});
                break;
            case cause::blocking_call: text = text_of(activity::call); break;
            case cause::lock:
                text = text_of(activity::lock);
                if (!e_.holder.empty()) text += " held by " + e_.holder;
                break;
            case cause::self_deadlock:
                text = text_of(activity::lock);
                text = e_.holds_it_itself ? "waits for a mutex that it holds (" + text + ")"
                                          : "waits for " + text + ", and no other thread is there to end it";
                break;
            case cause::disk:
                text = text_of(activity::disk);
                if (e_.major_faults > 0)
                    text += formatted("; page faults: {} major", {e_.major_faults});
                else if (e_.process_major_faults > 0)
                    text += formatted("; page faults of the process: {} major", {e_.process_major_faults});
                if (e_.block_io > nanoseconds{0})
                    text += formatted("; {} for block devices", {duration_text(e_.block_io)});
                break;
            case cause::starved: return starved_text();
            case cause::suspended:
                return e_.late > nanoseconds{0}
                           ? formatted("the watchdog itself woke {} late", {duration_text(e_.late)})
                           : "stopped by a signal or a debugger";
            case cause::backlog:
                return (e_.handlers_run.empty() ? formatted("at least {} handlers ran meanwhile", {e_.handlers.count})
                                                : e_.handlers_run) +
                       (e_.spent ? "; on CPU for " + shown.next(on_cpu()) : "");
            case cause::unknown: return numbers(shown);
        }
        return text + others(c, shown);
    }

    [[nodiscard]] std::string starved_text() const
    {
        bool const another = e_.free_starved > shares_.of(cause::starved);
        std::string text = formatted(
            "{}waited {} of {} for a CPU",
            {another ? "a thread that was free " : "",
             duration_text(another ? e_.free_starved : shares_.of(cause::starved)), duration_text(e_.duration)});
        if (e_.runnable > 0 && e_.processors > 0)
            text += formatted("; {} runnable threads on {} cores", {e_.runnable, e_.processors});
        if (e_.process_preemptions > 0)
            text += formatted("; {} involuntary context switches", {e_.process_preemptions});
        if (e_.throttled > nanoseconds{0})
            text += formatted("; its cgroup was throttled for {}", {duration_text(e_.throttled)});
        if (e_.uncounted * 10 >= e_.duration)
            text += formatted("; of its first {} nothing is known, since the watchdog was late",
                              {duration_text(e_.uncounted)});
        return text;
    }

    /// The other parts, where the named one is not nearly all of it.
    [[nodiscard]] std::string others(cause named, percents& shown) const
    {
        std::string text;
        for (share const& s : kinds) {
            bool const is_named = s.of == named || (named == cause::self_deadlock && s.of == cause::lock);
            nanoseconds const part = std::min(shares_.of(s.of), shown.left());
            if (is_named || s.of == cause::unknown || part * 10 < e_.duration) continue;
            text += formatted("; {} {}", {shown.next(part), s.words});
        }
        return text;
    }

    [[nodiscard]] std::string numbers(percents& shown) const
    {
        if (!e_.spent) return {};
        std::string text = formatted("{} on CPU, ", {shown.next(on_cpu())});
        if (!e_.spent->run_delay_counted)
            return text + formatted("{} asleep or waiting for one", {shown.next(shown.left())});
        text += formatted("{} waiting for one, ", {shown.next(shares_.of(cause::starved))});
        return text + formatted("{} asleep", {shown.next(shares_.of(cause::unknown))});
    }

    static constexpr fixed kinds{share{cause::cpu, "on CPU"},
                                 share{cause::starved, "waiting for a CPU"},
                                 share{cause::blocking_call, "in other system calls"},
                                 share{cause::lock, "waiting for locks"},
                                 share{cause::disk, "waiting for a disk"},
                                 share{cause::suspended, "stopped"}};

    block_evidence const& e_;
    time_shares const& shares_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
