// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/owned.hpp"
#include "../../detail/shared.hpp"
#include "../allowance/block_allowances.hpp"
#include "../analysis/named_block.hpp"
#include "../analysis/naming.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../block/block_facts.hpp"
#include "../block/raw_block.hpp"
#include "../capture/unloading.hpp"
#include "../platform/thread.hpp"
#include "../symbolize/symbolize.hpp"
#include "compose.hpp"
#include "watched.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The thread that classifies, symbolizes and calls sinks: all that takes its time.
class reporter {
public:
    reporter() { waiting_.reserve(most_waiting); }

    static constexpr std::size_t most_waiting = 256;  // blocks, of some 60 KB each
    static constexpr std::size_t most_kept = 1000;    // reports in a guard

    [[nodiscard]] std::mutex& mutex() { return mutex_; }

    /// Held while addresses are named, which takes the loader's locks: a child whose parent was in the middle of it
    /// would wait for them for ever. Taken before the other mutexes.
    [[nodiscard]] std::mutex& naming() { return naming_; }

    /// 0 until it runs.
    [[nodiscard]] thread_number number() const { return number_; }

    [[noreturn]] void run()
    {
        number_ = this_thread_number();
        run_this_thread_in_background();
        unloading modules;
        for (;;) {
            std::unique_lock hold{mutex_};
            work_.wait(hold, [&] { return !waiting_.empty(); });
            auto [w, block] = take_first(waiting_);
            bool const was_left = w->log.was_left;
            hold.unlock();
            bool not_run = false;
            bool lost = false;
            try {
                not_run = report(*w, *block, modules, was_left);
            } catch (...) {
                // Out of memory. What was being read of a library may be half read.
                lost = block->how != ending::none;
                names_.reset();
            }
            block.reset();

            hold.lock();
            if (not_run) w->log.was_left = true;
            if (lost) ++w->log.dropped;
            --w->log.pending;
            done_.notify_all();
            hold.unlock();  // with the watch the user's sink may be destroyed
        }
    }

    /// Takes over a block. Never waits for the reporter's work.
    void hand_over(shared<watched> const& w, owned<raw_block> block)
    {
        std::lock_guard const hold{mutex_};
        if (waiting_.size() == most_waiting) {
            ++w->log.dropped;
            return;
        }
        waiting_.push_back(item{w, std::move(block)});
        ++w->log.pending;
        work_.notify_one();
    }

    /// A block was seen of which nothing can be told.
    void count_dropped(watched& w)
    {
        std::lock_guard const hold{mutex_};
        ++w.log.dropped;
    }

    /// Waits until all that was handed over for this watch is reported. Called in a sink it returns at once.
    void flush(watched& w)
    {
        if (this_thread_number() == number_) return;
        std::unique_lock hold{mutex_};
        done_.wait(hold, [&] { return w.log.pending == 0; });
    }

    [[nodiscard]] std::vector<block_report> reports(watched& w)
    {
        std::lock_guard const hold{mutex_};
        return w.log.reports;
    }

    [[nodiscard]] std::vector<block_report> excused(watched& w)
    {
        std::lock_guard const hold{mutex_};
        return w.log.excused;
    }

    [[nodiscard]] std::uint64_t dropped(watched& w)
    {
        std::lock_guard const hold{mutex_};
        return w.log.dropped;
    }

private:
    /// Returns whether it showed that nobody runs the loop.
    bool report(watched& w, raw_block& raw, unloading& modules, bool was_left)
    {
        if (raw.run_elsewhere) return false;
        auto finished = composed(w.how, with_names(w, raw, modules), allowances_during(raw), was_left);
        if (finished.is_block) deliver(w, finished, raw.how != ending::none);
        return finished.not_run;
    }

    named_block with_names(watched& w, raw_block& raw, unloading& modules)
    {
        std::lock_guard const hold{naming_};
        if (!names_) names_ = make_owned<symbolizer>();
        names_->use_library_code(w.how.others_code);
        mark_unloaded(modules, raw);
        return named(raw, *names_);
    }

    static void mark_unloaded(unloading& modules, raw_block& block)
    {
        auto const each = [&](moment& m) {
            for (seen_thread& t : m) modules.mark_unloaded({&t.stack, 1});
        };
        each(block.first);
        each(block.others);
        each(block.latest);
        for (moment& m : block.later) each(m);
        if (block.holder) modules.mark_unloaded({&block.holder->stack, 1});
    }

    void deliver(watched& w, composition& finished, bool over)
    {
        block_report& report = finished.report;
        if (report.excuse.empty()) {
            try {
                report.excuse = w.how.known.excuse_for(report, over);
                report.known = !report.excuse.empty();
            } catch (...) {  // NOLINT(bugprone-empty-catch)
                // Out of memory: then it is told, as an unknown one is.
            }
        }
        if (!report.excuse.empty()) return excuse(w, report, over);
        {
            std::lock_guard const hold{mutex_};
            if (!w.log.in_progress) ++w.log.last_number;
            w.log.in_progress = !over;
            report.number = w.log.last_number;
            if (over) keep(w, w.log.reports, report);
        }
        for (listener const& each : w.how.listeners)
            if (over || each.hears_of_progress) tell(w, each.to, report);
    }

    /// A sink that fails must not take the watch with it; the report itself is kept.
    void tell(watched& w, sink const& to, block_report const& report)
    {
        try {
            to(report);
        } catch (...) {
            count_dropped(w);
        }
    }

    /// Nobody is to blame, or it is known and borne: it is no block of the sink's, and raises nothing. While it lasts
    /// it is not reported. The first kind is a warning, and written; of the second nobody wants to hear.
    void excuse(watched& w, block_report& report, bool over)
    {
        if (!over) return;
        {
            std::lock_guard const hold{mutex_};
            w.log.in_progress = false;  // else the next block would take over the number of this one's progress reports
            report.number = w.log.excused.size() + 1;
            keep(w, w.log.excused, report);
        }
        if (w.how.excused_to && !report.known) tell(w, w.how.excused_to, report);
    }

    static void keep(watched& w, std::vector<block_report>& among, block_report const& report)
    {
        if (among.size() < most_kept)
            among.push_back(report);
        else
            ++w.log.dropped;
    }

    struct item {
        shared<watched> whose;
        owned<raw_block> block;
    };

    std::mutex mutex_;
    std::mutex naming_;
    std::condition_variable work_;
    std::condition_variable done_;
    many<item> waiting_;
    owned<symbolizer> names_;  // of the reporter's thread
    std::atomic<thread_number> number_{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
