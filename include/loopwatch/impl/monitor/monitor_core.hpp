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
#include "../base/formatted.hpp"
#include "../base/many.hpp"
#include "../base/process_id.hpp"
#include "../block/block_recorder.hpp"
#include "../report/block_archive.hpp"
#include "../report/frame_store.hpp"
#include "../report/kept_reports.hpp"
#include "../report/report_receiver.hpp"
#include "../vitals/loop_totals.hpp"
#include "../vitals/loop_vitals.hpp"
#include "blocked_totals.hpp"
#include "code_path.hpp"
#include "code_paths.hpp"
#include "live_loops.hpp"
#include "loop_numbers.hpp"
#include "sink_queue.hpp"
#include "telling_rate.hpp"

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

/// The numbers of all loops of one name. They stay when the watches have ended. Under the core's mutex.
struct loop_record : counted {
    explicit loop_record(std::string of) : name{std::move(of)} {}

    std::string const name;
    shared<loop_totals> const totals{new loop_totals};  // under the watchdog's mutex instead
    blocked_totals blocked;
    delay_reading delays_before{};  // of records that were forgotten
    std::uint64_t watches{0};       // that have not ended

    /// What was counted of one that is forgotten.
    void take_over(loop_record const& gone)
    {
        blocked.add(gone.blocked);
        delays_before.add(gone.delays_before);
        delays_before.add(gone.totals->delays.read());
    }
};

/// Receives the reports of one watch of a monitor.
class monitored_reports final : public report_receiver {
public:
    monitored_reports(monitor_core& core, shared<loop_record> record) : core_{core}, record_{std::move(record)} {}

    void receive(report_outline& report, time_point sent_at, bool over) override;

    [[nodiscard]] loop_record& record() const { return *record_; }

    // Of the last block of which anything was reported. A watch's blocks are reported one after the other; whether one
    // is over is not always told.
    struct {
        time_point sent_at{};  // when its heartbeat was
        std::uint64_t number{0};
        telling told{telling::counted};  // the most that was told of it
        bool escalated{false};
    } last;

private:
    monitor_core& core_;  // which ends its watches, and waits for their reports, before it goes
    shared<loop_record> record_;
};

/// One watch of a monitor, which a watched_loop has in its hand.
struct monitored : counted {
    monitored(shared<monitor_core> of, shared<monitored_reports> to, shared<loop_vitals> how)
        : core{std::move(of)}, reports{std::move(to)}, vitals{std::move(how)}
    {
    }

    std::uint64_t number{0};  // of the monitor's watches, in the order in which they began; under the core's mutex

    shared<monitor_core> const core;
    shared<monitored_reports> const reports;
    shared<loop_vitals> const vitals;
    watch_handle watch;
};

/// What a monitor has in common with its watches.
class monitor_core : public counted {
public:
    /// `how`: from effective(). `limits`: checked.
    monitor_core(options const& how, std::vector<monitor_sink> const& sinks, monitor_limits const& limits)
        : how_{how},
          threshold_{how.threshold},
          interval_{how.heartbeat_interval},
          limits_{limits},
          queues_{queues_for(sinks, limits.queue)}
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
        shared<loop_record> const record = record_for(name);
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
            one->number = ++watches_begun_;
            watches_.push_back(one);
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
        if (!forget(one)) return;
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
        replace_queues({}, until);
    }

    // --- on the reporter's thread ---

    void receive(monitored_reports& from, report_outline& outline, time_point sent_at, bool over)
    {
        block_report& report = outline.head;
        std::lock_guard const hold{mutex_};
        time_point const now = clock::now();
        auto& block = from.last;
        bool const first = block.number == 0 || block.sent_at != sent_at;
        if (first) block = {.sent_at = sent_at, .number = ++last_number_};
        report.number = block.number;
        if (over) archive(outline);

        code_path& path = paths_.of(outline, limits_.code_paths);
        telling_limits const most{limits_.full_reports_per_minute, limits_.lines_per_minute, limits_.first_interval};
        telling how_much{};
        if (over) {
            path.add(report, outline.culprit());
            from.record().blocked.add(report);
            how_much = rate_.of_block(most, path, report.duration, block.told, now);
        } else {
            how_much = rate_.of_progress(most, path, report.duration, block.told, now);
        }
        bool const told = how_much != telling::counted;
        if (over && !told) {
            ++suppressed_;
            ++held_back_;
        }
        bool const escalates =
            escalation_ != nullptr && !block.escalated && report.excuse.empty() && report.duration >= escalate_above_;
        pass_on(outline, path, how_much, over, escalates);
        if (block.told != telling::full && told) block.told = how_much;
        block.escalated = block.escalated || escalates;
        if (!over) return;
        ++ended_;
        keep(outline);
    }

    // --- numbers ---

    /// How the loops are just now: not under the core's mutex.
    [[nodiscard]] live_loops const& live() const { return live_; }

    [[nodiscard]] monitor_numbers numbers(time_point now) const
    {
        struct copied {
            shared<loop_record> record;
            blocked_totals blocked;
            delay_reading delays_before;
        };
        many<copied> all;
        monitor_numbers numbers;
        {
            std::lock_guard const hold{mutex_};
            for (shared<loop_record> const& each : records_) all.push_back({each, each->blocked, each->delays_before});
            numbers.reports_suppressed = suppressed_;
        }
        numbers.notices_lost = lost();
        numbers.blocks_dropped = dropped();
        numbers.loops.reserve(all.size());
        for (copied const& each : all) {
            delay_reading delays = each.record->totals->delays.read();
            delays.add(each.delays_before);
            numbers.loops.push_back(numbers_of(each.record->name, *each.record->totals, delays, each.blocked));
            maybe<nanoseconds> const age = live_.age(*each.record->totals, now);
            numbers.loops.back().watched = age.has_value();
            numbers.loops.back().heartbeat_age = age.value_or({});
        }
        return numbers;
    }

    [[nodiscard]] std::vector<ranked_path> top(std::size_t most) const
    {
        using seconds = std::chrono::duration<double>;
        std::lock_guard const hold{mutex_};
        double const all = seconds{paths_.total()}.count();
        std::vector<ranked_path> found;
        for (code_path const* const p : paths_.ranked(most))
            found.push_back({p->culprit, p->file, p->line, p->why, p->loop, p->evidence, p->count, p->total, p->longest,
                             all > 0 ? seconds{p->total}.count() / all : 0});
        return found;
    }

    [[nodiscard]] std::vector<block_report> recent() const
    {
        many<shared<kept_report>> taken;
        {
            std::lock_guard const hold{mutex_};
            taken = recent_;
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
        return ended_ - recent_.size();
    }

    /// Of the last ten minutes, of each loop of which something is known. Both times are of now.
    [[nodiscard]] std::vector<loop_delays> delays(time_point now, std::chrono::system_clock::time_point wall) const
    {
        many<shared<loop_record>> records;
        {
            std::lock_guard const hold{mutex_};
            records = records_;
        }
        std::vector<loop_delays> all;
        for (shared<loop_record> const& each : records) {
            loop_delays of{each->name, {}};
            for (delay_history::point const& p : each->totals->history.read(now)) {
                auto const ago = now - time_point{std::chrono::seconds{p.second}};
                of.points.push_back(
                    {wall - std::chrono::duration_cast<std::chrono::system_clock::duration>(ago), p.longest});
            }
            if (!of.points.empty()) all.push_back(std::move(of));
        }
        return all;
    }

    /// Notices that sinks have lost.
    [[nodiscard]] std::uint64_t lost() const
    {
        std::lock_guard const hold{mutex_};
        std::uint64_t sum = lost_before_ + lost_by(queues_);
        for (auto const* each = closing_; each != nullptr; each = each->next) sum += lost_by(each->queues);
        return sum;
    }

    /// Blocks that could not be reported.
    [[nodiscard]] std::uint64_t dropped() const
    {
        std::lock_guard const hold{mutex_};
        std::uint64_t sum = dropped_before_;
        for (shared<monitored> const& each : watches_) sum += each->watch.dropped();
        return sum;
    }

    /// Blocks of which logs were told nothing.
    [[nodiscard]] std::uint64_t suppressed() const
    {
        std::lock_guard const hold{mutex_};
        return suppressed_;
    }

    /// Whether all blocks that have ended were counted, and all sinks have written what they were told.
    [[nodiscard]] bool flush(time_point until)
    {
        bool is_counted = true;
        for_each_watch([&](monitored& each) { is_counted = each.watch.settle(until) && is_counted; });
        sink_queues queues;
        {
            std::lock_guard const hold{mutex_};
            queues = queues_;
            if (escalation_ != nullptr) queues.push_back(escalation_);
        }
        bool written = is_counted;
        for (auto const& each : queues) written = each->flush(until) && written;
        return written;
    }

    // --- changes ---

    void reopen_sinks()
    {
        std::lock_guard const hold{mutex_};
        for (auto const& each : queues_) each->reopen();
    }

    /// Of validated options.
    void set_threshold(nanoseconds threshold, nanoseconds interval)
    {
        {
            std::lock_guard const hold{mutex_};
            threshold_ = threshold;
            interval_ = interval;
        }
        for_each_watch([&](monitored& each) { apply_settings(each); });
    }

    void pause(bool paused) noexcept
    {
        {
            std::lock_guard const hold{mutex_};
            paused_ = paused;
        }
        for_each_watch([&](monitored& each) { apply_settings(each); });
    }

    void set_limits(monitor_limits const& limits)
    {
        std::lock_guard const hold{mutex_};
        limits_ = limits;
        for (auto const& each : queues_) each->set_most(limits.queue);
        while (recent_.size() > limits.recent) take_first(recent_);
    }

    void set_sinks(std::vector<monitor_sink> const& sinks)
    {
        std::size_t most = 0;
        {
            std::lock_guard const hold{mutex_};
            most = limits_.queue;
        }
        replace_queues(queues_for(sinks, most), clock::now() + std::chrono::seconds{1});
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
            for (shared<monitored> const& each : watches_) each->reports->report_at(escalate_above_);
        }
        if (queue != nullptr) queue->close(std::chrono::seconds{1});
    }

    /// From the next block of each watch on. Where they were recorded before is kept as long as this.
    void record_to(shared<block_recorder> const& box)
    {
        box->record_modules();
        std::lock_guard const hold{mutex_};
        recorders_.push_back(box);
        for (shared<monitored> const& each : watches_) each->reports->record_to(recorder());
    }

private:
    [[nodiscard]] block_recorder* recorder() const { return recorders_.empty() ? nullptr : recorders_.back().get(); }

    using sink_queues = many<std::shared_ptr<sink_queue>>;

    static sink_queues queues_for(std::vector<monitor_sink> const& sinks, std::size_t most)
    {
        sink_queues queues;
        if (turned_off()) return queues;  // and starts no thread
        for (monitor_sink const& each : sinks)
            if (each.get() != nullptr) queues.push_back(std::make_shared<sink_queue>(each.get(), most));
        return queues;
    }

    /// Queues that are being closed, on the stack of who does: what they lose counts meanwhile, too.
    struct closing_queues {
        sink_queues queues;
        closing_queues* next{nullptr};
    };

    void replace_queues(sink_queues by, time_point until) noexcept
    {
        closing_queues old{.queues = std::move(by)};
        {
            std::lock_guard const hold{mutex_};
            old.queues.swap(queues_);
            old.next = std::exchange(closing_, &old);
        }
        for (auto const& each : old.queues) each->close(std::max<nanoseconds>(until - clock::now(), nanoseconds{0}));
        std::lock_guard const hold{mutex_};
        lost_before_ += lost_by(old.queues);
        closing_queues** at = &closing_;
        while (*at != &old) at = &(*at)->next;
        *at = old.next;
    }

    static std::uint64_t lost_by(sink_queues const& queues)
    {
        std::uint64_t sum = 0;
        for (auto const& each : queues) sum += each->lost();
        return sum;
    }

    // --- watches ---

    /// Returns whether it was still known. Under the mutex.
    bool forget(monitored const& one)
    {
        std::size_t const before = watches_.size();
        remove_if(watches_, [&](shared<monitored> const& each) { return each.get() == &one; });
        return watches_.size() < before;
    }

    /// Null: there is none.
    [[nodiscard]] shared<monitored> last_watch() const
    {
        std::lock_guard const hold{mutex_};
        return watches_.empty() ? shared<monitored>{} : watches_.back();
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

    /// All that had begun before. With the mutex free, and without memory, for there may be none.
    template <typename Do>
    void for_each_watch(Do const& what)
    {
        std::uint64_t done = 0;
        std::uint64_t last = 0;
        {
            std::lock_guard const hold{mutex_};
            last = watches_begun_;
        }
        while (done < last) {
            shared<monitored> next;
            {
                std::lock_guard const hold{mutex_};
                auto const* const found = first_of(
                    watches_, [&](shared<monitored> const& each) { return each->number > done; });  // they are in order
                if (found == nullptr) return;
                next = *found;
            }
            done = next->number;
            if (done <= last) what(*next);
        }
    }

    /// The record of this name, with one watch more.
    [[nodiscard]] shared<loop_record> record_for(std::string_view given)
    {
        std::lock_guard const hold{mutex_};
        std::string name = given.empty() ? formatted("loop {}", {++unnamed_}) : std::string{given};
        shared<loop_record>* known = record_named(name);
        if (known == nullptr) {
            if (records_.size() >= most_records) forget_a_record();
            known = &records_.push_back(shared<loop_record>{new loop_record{std::move(name)}});
        }
        ++(*known)->watches;
        return *known;
    }

    /// A service that makes up names, one for each connection, say, must not fill its memory with them. What was
    /// counted under names that are gone is kept as a sum, as if it was of one loop more.
    void forget_a_record()
    {
        shared<loop_record>* const gone = first_of(records_, [](shared<loop_record> const& each) {
            return each->watches == 0 && each->name != name_of_others;
        });
        if (gone == nullptr) return;
        if (shared<loop_record>* const others = record_named(name_of_others)) {
            (*others)->take_over(**gone);
            *gone = std::move(records_.back());
            records_.pop_back();
        } else {
            shared<loop_record> fresh{new loop_record{std::string{name_of_others}}};
            fresh->take_over(**gone);
            *gone = std::move(fresh);
        }
    }

    [[nodiscard]] shared<loop_record>* record_named(std::string_view name)
    {
        return first_of(records_, [&](shared<loop_record> const& each) { return each->name == name; });
    }

    // --- notices ---

    /// Only what somebody is told is made whole.
    void pass_on(report_outline const& outline, code_path const& path, telling how_much, bool over, bool escalates)
    {
        bool const told = how_much != telling::counted;
        auto const takes = [&](sink_queue const& queue) { return told || (over && queue.wants_every_block()); };
        if (!escalates && !any_of(queues_, [&](auto const& each) { return takes(*each); })) return;
        auto const notice = std::make_shared<block_notice const>(
            block_notice{outline.whole(), how_much, severity_of(outline.head), path.count, path.total, path.longest,
                         told ? std::exchange(held_back_, 0) : 0});
        for (auto const& each : queues_)
            if (takes(*each)) each->push(notice);
        if (escalates) escalation_->push(notice);
    }

    [[nodiscard]] severity severity_of(block_report const& report) const
    {
        if (!report.excuse.empty()) return severity::warning;
        if (escalation_ != nullptr && report.duration >= escalate_above_) return severity::critical;
        nanoseconds const error = limits_.error_above > nanoseconds{0} ? limits_.error_above : 10 * report.threshold;
        return report.duration >= error ? severity::error : severity::warning;
    }

    void keep(report_outline const& report)
    {
        if (limits_.recent == 0) return;
        shared<kept_report> const kept{new kept_report{report, frames_}};
        if (recent_.size() >= limits_.recent) take_first(recent_);
        recent_.push_back(kept);
    }

    static constexpr std::size_t most_records = 1000;
    static constexpr std::string_view name_of_others = "other";

    std::int64_t const process_{process_id()};
    kept_options const how_;
    std::mutex changing_;  // held while a watch gets new settings; taken before the next

    mutable std::mutex mutex_;  // protects all below; held for microseconds
    nanoseconds threshold_;
    nanoseconds interval_;
    bool paused_{false};
    monitor_limits limits_;
    sink_queues queues_;
    std::shared_ptr<sink_queue> escalation_;  // with a sink that calls the user's function; null: there is none
    nanoseconds escalate_above_{};
    many<shared<monitored>> watches_;
    many<shared<loop_record>> records_;
    live_loops live_;
    std::uint64_t watches_begun_{0};
    std::uint64_t unnamed_{0};
    std::uint64_t last_number_{0};
    std::uint64_t ended_{0};  // blocks
    code_paths paths_;
    telling_rate rate_;
    std::uint64_t held_back_{0};       // since the last notice
    std::uint64_t suppressed_{0};      // in all
    std::uint64_t lost_before_{0};     // by sinks that were replaced
    std::uint64_t dropped_before_{0};  // of watches that have ended
    closing_queues* closing_{nullptr};
    many<shared<kept_report>> recent_;
    frame_store frames_;
    many<shared<block_recorder>> recorders_;  // the last one is written to by blocks that begin now
};

inline void monitored_reports::receive(report_outline& report, time_point sent_at, bool over)
{
    core_.receive(*this, report, sent_at, over);
    if (auto* const to = recorder()) to->record(static_cast<report_receiver const*>(this), report.whole(), over);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
