// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/kept_options.hpp"
#include "../../detail/shared.hpp"
#include "../../detail/watch_handle.hpp"
#include "../../monitor.hpp"
#include "../../monitor_numbers.hpp"
#include "../../monitor_sink.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../base/process_id.hpp"
#include "../base/wall_clock.hpp"
#include "../block/block_recorder.hpp"
#include "../report/kept_reports.hpp"
#include "../report/report_receiver.hpp"
#include "../vitals/loop_vitals.hpp"
#include "block_ledger.hpp"
#include "blocked_totals.hpp"
#include "live_loops.hpp"
#include "loop_numbers.hpp"
#include "loop_records.hpp"
#include "monitored.hpp"
#include "sink_group.hpp"
#include "sink_queue.hpp"
#include "watch_list.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What a monitor has in common with its watches.
class monitor_core : public counted {
public:
    /// `how`: from effective(). `limits`: checked.
    monitor_core(options const& how, std::vector<monitor_sink> const& sinks, monitor_limits const& limits)
        : how_{how},
          threshold_{how.threshold},
          interval_{how.heartbeat_interval},
          ledger_{limits},
          sinks_{sinks, limits.queue}
    {
    }
    monitor_core(monitor_core const&) = delete;
    monitor_core& operator=(monitor_core const&) = delete;
    ~monitor_core() = default;

    /// False in the child of a fork: its mutexes may be held for ever, and its threads are not there.
    [[nodiscard]] bool is_here() const { return process_ == process_id(); }

    // --- watches ---

    [[nodiscard]] shared<monitored> begin(loop_ptr loop, std::string_view name, std::uintptr_t guard_frame)
    {
        shared<loop_record> record;
        {
            std::lock_guard const hold{mutex_};
            record = records_.begin_watch(name);
        }
        shared<monitored> one;
        try {
            shared<monitored_reports> const reports{new monitored_reports{*this, record}};
            shared<loop_vitals> const vitals{new loop_vitals{record->totals}};
            one = shared<monitored>{new monitored{shared<monitor_core>{this}, reports, vitals}};
            live_.add(record->name, vitals);
            options how = how_.get();
            how.loop_name = record->name;
            {
                std::lock_guard const hold{mutex_};
                how.threshold = threshold_;
                how.heartbeat_interval = interval_;
                reports->report_at(escalate_above_);
                reports->record_to(recorder());
            }
            if (auto* const to = reports->recorder()) to->record_modules();
            // Waits, if the loop's executor does.
            one->watch.begin(std::move(loop), how, shared<report_receiver>{reports.get()}, one->vitals, guard_frame);
            std::lock_guard const hold{mutex_};
            watches_.add(one);
            reports->report_at(escalate_above_);
            reports->record_to(recorder());
        } catch (...) {
            if (one) end_watch(*one);
            std::lock_guard const hold{mutex_};
            --record->watches;
            throw;
        }
        apply_settings(*one);  // they may have changed meanwhile
        return one;
    }

    /// Also waits for close(), if that is ending it.
    void end(monitored& one) noexcept
    {
        end_watch(one);
        std::uint64_t const dropped = one.watch.dropped();
        std::lock_guard const hold{mutex_};
        // All of its blocks have been reported: its record may be forgotten.
        if (!watches_.remove(one)) return;
        dropped_before_ += dropped;
        --one.reports->record().watches;
    }

    /// Ends all watches, also those that are being ended elsewhere, and gives the sinks so long to write what waits.
    void close(nanoseconds patience) noexcept
    {
        while (shared<monitored> const last = last_watch()) end(*last);
        std::shared_ptr<sink_queue> escalation;
        {
            std::lock_guard const hold{mutex_};
            escalation.swap(escalation_);
        }
        time_point const until = clock::now() + patience;
        if (escalation != nullptr) escalation->close(patience);
        sinks_.close(until);
    }

    // --- on the reporter's thread ---

    /// Returns what anybody was told; null: nobody was.
    std::shared_ptr<block_notice const> receive(monitored_reports& from, report_outline& outline, time_point sent_at,
                                                bool over)
    {
        std::unique_lock hold{mutex_};
        reported_block& block = from.block_of(sent_at);
        block_ledger::entry const noted =
            ledger_.note(block, from.record().blocked, outline, sent_at, over, clock::now());
        bool const told = noted.how_much != telling::counted;
        bool escalates = escalation_ != nullptr && !block.escalated && outline.head.excuse.empty() &&
                         outline.head.duration >= escalate_above_;
        // Only what somebody is told is made whole, which takes longer than all the rest: who begins a watch on a
        // loop's thread, or asks for numbers, does not wait for it.
        std::shared_ptr<block_notice const> notice;
        if (escalates || sinks_.takes(told, over)) {
            severity const how_bad = severity_of(outline.head);
            hold.unlock();
            block_report whole = outline.whole();
            hold.lock();
            escalates = escalates && escalation_ != nullptr;
            notice = std::make_shared<block_notice const>(ledger_.notice_of(noted, std::move(whole), how_bad));
            sinks_.push(notice, told, over);
            if (escalates) escalation_->push(notice);
        }
        if (block.told != telling::full && told) block.told = noted.how_much;
        block.escalated = block.escalated || escalates;
        if (over) ledger_.keep(outline);
        return notice;
    }

    // --- numbers ---

    /// How the loops are just now: not under the core's mutex.
    [[nodiscard]] live_loops const& live() const { return live_; }

    [[nodiscard]] monitor_numbers numbers(time_point now) const
    {
        many<loop_reading> read;
        monitor_numbers all;
        {
            std::lock_guard const hold{mutex_};
            read = records_.readings();
            all.reports_suppressed = ledger_.suppressed();
        }
        all.notices_lost = lost();
        all.blocks_dropped = dropped();
        oldest_heartbeats const ages = live_.ages(now);
        all.loops.reserve(read.size());
        for (loop_reading const& each : read) all.loops.push_back(numbers_of(each, ages.of(*each.record->totals)));
        return all;
    }

    [[nodiscard]] std::vector<ranked_path> top(std::size_t most) const
    {
        std::lock_guard const hold{mutex_};
        return ledger_.top(most);
    }

    [[nodiscard]] std::vector<block_report> recent() const
    {
        many<shared<kept_report>> taken;
        {
            std::lock_guard const hold{mutex_};
            taken = ledger_.recent();
        }
        std::vector<block_report> all;
        all.reserve(taken.size());
        for (shared<kept_report> const& each : taken) all.push_back(each->whole());
        return all;
    }

    /// How many blocks have ended that recent() does not have.
    [[nodiscard]] std::uint64_t forgotten() const
    {
        std::lock_guard const hold{mutex_};
        return ledger_.forgotten();
    }

    /// Of the last ten minutes, of each loop of which something is known. Both times are of now.
    [[nodiscard]] std::vector<loop_delays> delays(time_point now, std::chrono::system_clock::time_point wall) const
    {
        many<shared<loop_record>> records;
        {
            std::lock_guard const hold{mutex_};
            records = records_.all();
        }
        std::vector<loop_delays> all;
        for (shared<loop_record> const& each : records)
            if (loop_delays of = delays_of(*each, now, wall); !of.points.empty()) all.push_back(std::move(of));
        return all;
    }

    /// Notices that sinks have lost.
    [[nodiscard]] std::uint64_t lost() const { return sinks_.lost(); }

    /// Blocks that could not be reported.
    [[nodiscard]] std::uint64_t dropped() const
    {
        std::lock_guard const hold{mutex_};
        std::uint64_t sum = dropped_before_;
        for (shared<monitored> const& each : watches_.all()) sum += each->watch.dropped();
        return sum;
    }

    /// Whether all blocks that have ended were counted, and all sinks have written what they were told.
    [[nodiscard]] bool flush(time_point until)
    {
        bool is_counted = true;
        watches_.for_each(mutex_, [&](monitored& each) { is_counted = each.watch.settle(until) && is_counted; });
        sink_group::queues queues = sinks_.all();
        {
            std::lock_guard const hold{mutex_};
            if (escalation_ != nullptr) queues.push_back(escalation_);
        }
        bool written = is_counted;
        for (auto const& each : queues) written = each->flush(until) && written;
        return written;
    }

    // --- changes ---

    void reopen_sinks() { sinks_.reopen(); }

    /// Of validated options.
    void set_threshold(nanoseconds threshold, nanoseconds interval)
    {
        {
            std::lock_guard const hold{mutex_};
            threshold_ = threshold;
            interval_ = interval;
        }
        watches_.for_each(mutex_, [&](monitored& each) { apply_settings(each); });
    }

    void pause(bool paused) noexcept
    {
        {
            std::lock_guard const hold{mutex_};
            paused_ = paused;
        }
        watches_.for_each(mutex_, [&](monitored& each) { apply_settings(each); });
    }

    void set_limits(monitor_limits const& limits)
    {
        sinks_.set_most(limits.queue);
        std::lock_guard const hold{mutex_};
        ledger_.set_limits(limits);
    }

    void set_sinks(std::vector<monitor_sink> const& sinks)
    {
        sinks_.replace(sinks, clock::now() + std::chrono::seconds{1});
    }

    void escalate(nanoseconds above, std::function<void(block_notice const&)> function)
    {
        bool const wanted = function && above > nanoseconds{0} && !turned_off();
        std::shared_ptr<sink_queue> queue;
        if (wanted) queue = std::make_shared<sink_queue>(monitor_sink{std::move(function)}.get(), std::size_t{100});
        {
            std::lock_guard const hold{mutex_};
            escalation_.swap(queue);
            escalate_above_ = wanted ? above : nanoseconds{0};
            for (shared<monitored> const& each : watches_.all()) each->reports->report_at(escalate_above_);
        }
        if (queue != nullptr) queue->close(std::chrono::seconds{1});
    }

    /// From the next block of each watch on. Where they were recorded before is kept as long as this.
    void record_to(shared<block_recorder> const& box)
    {
        box->record_modules();
        std::lock_guard const hold{mutex_};
        recorders_.push_back(box);
        for (shared<monitored> const& each : watches_.all()) each->reports->record_to(recorder());
    }

private:
    [[nodiscard]] block_recorder* recorder() const { return recorders_.empty() ? nullptr : recorders_.back().get(); }

    // --- watches ---

    /// Null: there is none.
    [[nodiscard]] shared<monitored> last_watch() const
    {
        std::lock_guard const hold{mutex_};
        return watches_.all().empty() ? shared<monitored>{} : watches_.all().back();
    }

    void end_watch(monitored& one) noexcept
    {
        if (one.watch.alive()) one.watch.end();
        live_.remove(*one.vitals);
    }

    /// The threshold, and whether it is paused, as they are now.
    void apply_settings(monitored& one)
    {
        std::lock_guard const one_at_a_time{changing_};
        nanoseconds threshold{};
        nanoseconds interval{};
        bool paused = false;
        {
            std::lock_guard const hold{mutex_};
            threshold = threshold_;
            interval = interval_;
            paused = paused_;
        }
        if (!one.watch.alive()) return;
        one.watch.change(threshold, interval);
        if (paused)
            one.watch.pause();
        else
            one.watch.resume();
    }

    // --- notices ---

    [[nodiscard]] severity severity_of(block_report const& report) const
    {
        if (!report.excuse.empty()) return severity::warning;
        if (escalation_ != nullptr && report.duration >= escalate_above_) return severity::critical;
        nanoseconds const wanted = ledger_.limits().error_above;
        nanoseconds const error = wanted > nanoseconds{0} ? wanted : 10 * report.threshold;
        return report.duration >= error ? severity::error : severity::warning;
    }

    std::int64_t const process_{process_id()};
    kept_options const how_;
    live_loops live_;
    std::mutex changing_;  // held while a watch gets new settings; taken before the next

    mutable std::mutex mutex_;  // protects all below but sinks_; held for microseconds
    nanoseconds threshold_;
    nanoseconds interval_;
    bool paused_{false};
    block_ledger ledger_;
    sink_group sinks_;
    std::shared_ptr<sink_queue> escalation_;  // with a sink that calls the user's function; null: there is none
    nanoseconds escalate_above_{};
    watch_list watches_;
    loop_records records_;
    std::uint64_t dropped_before_{0};         // of watches that have ended
    many<shared<block_recorder>> recorders_;  // the last one is written to by blocks that begin now
};

inline monitored::monitored(shared<monitor_core> of, shared<monitored_reports> to, shared<loop_vitals> how)
    : core{std::move(of)}, reports{std::move(to)}, vitals{std::move(how)}
{
}
inline monitored::~monitored() {}  // not "= default": the linter takes its "inline" for redundant, which it is not

inline void monitored_reports::receive(report_outline& report, time_point sent_at, bool over)
{
    auto const told = core_.receive(*this, report, sent_at, over);
    block_recorder* const to = recorder();
    if (to == nullptr) return;
    // To make it whole takes longer than all the rest.
    to->record(static_cast<report_receiver const*>(this), told != nullptr ? told->report : report.whole());
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
