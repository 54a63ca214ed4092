// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../block_report.hpp"
#include "../sinks.hpp"
#include "algorithm.hpp"
#include "capture/unloading.hpp"
#include "ci/annotations.hpp"
#include "classify.hpp"
#include "clock.hpp"
#include "compose.hpp"
#include "config.hpp"
#include "many.hpp"
#include "owned.hpp"
#include "raw_block.hpp"
#include "shared.hpp"
#include "symbolize/symbolize.hpp"
#include "thread.hpp"
#include "watch.hpp"

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
            bool const was_left = w->was_left;
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
            if (not_run) w->was_left = true;
            if (lost) ++w->dropped;
            --w->pending;
            done_.notify_all();
            hold.unlock();  // with the watch the user's sink may be destroyed
        }
    }

    /// Takes over a block. Never waits for the reporter's work.
    void hand_over(shared<watch> const& w, owned<raw_block> block)
    {
        std::lock_guard const hold{mutex_};
        if (waiting_.size() == most_waiting) {
            ++w->dropped;
            return;
        }
        waiting_.push_back(item{w, std::move(block)});
        ++w->pending;
        work_.notify_one();
    }

    /// A block was seen of which nothing can be told.
    void count_dropped(watch& w)
    {
        std::lock_guard const hold{mutex_};
        ++w.dropped;
    }

    /// Waits until all that was handed over for this watch is reported. Called in a sink it returns at once.
    void flush(watch& w)
    {
        if (this_thread_number() == number_) return;
        std::unique_lock hold{mutex_};
        done_.wait(hold, [&] { return w.pending == 0; });
    }

    [[nodiscard]] std::vector<block_report> reports(watch& w)
    {
        std::lock_guard const hold{mutex_};
        return w.reports;
    }

    [[nodiscard]] std::vector<block_report> excused(watch& w)
    {
        std::lock_guard const hold{mutex_};
        return w.excused;
    }

    [[nodiscard]] std::uint64_t dropped(watch& w)
    {
        std::lock_guard const hold{mutex_};
        return w.dropped;
    }

private:
    /// Returns whether it showed that nobody runs the loop.
    bool report(watch& w, raw_block& block, unloading& modules, bool was_left)
    {
        auto finished = [&] {
            std::lock_guard const naming{naming_};
            if (!names_) names_ = make_owned<symbolizer>();
            names_->heed(w.others_code);
            doubt(modules, block);
            return composed(w, block, *names_, was_left);
        }();
        if (finished.is_block) deliver(w, finished, block.how != ending::none);
        return finished.not_run;
    }

    static void doubt(unloading& modules, raw_block& block)
    {
        auto const each = [&](moment& m) {
            for (seen_thread& t : m) modules.doubt({&t.stack, 1});
        };
        each(block.first);
        each(block.latest);
        for (moment& m : block.later) each(m);
        if (block.holder) modules.doubt({&block.holder->stack, 1});
    }

    void deliver(watch& w, composition& finished, bool over)
    {
        block_report& report = finished.report;
        if (report.excuse.empty()) {
            try {
                report.excuse = w.known.excuse_for(report, over);
                report.known = !report.excuse.empty();
            } catch (...) {  // NOLINT(bugprone-empty-catch)
                // Out of memory: then it is told, as an unknown one is.
            }
        }
        if (!report.excuse.empty()) return excuse(w, report, over);
        {
            std::lock_guard const hold{mutex_};
            if (!w.announced) ++w.last_number;
            w.announced = !over;
            report.number = w.last_number;
            if (over) keep(w, w.reports, report);
        }
        try {
            if (w.sink)
                w.sink(report);
            else if (w.action == on_block::log)
                write_to_stderr(report, w.all_frames);
        } catch (...) {
            // A sink that fails must not take the watch with it; the report itself is kept.
            count_dropped(w);
        }
        if (!over || w.heard_by != audience::log_or_raise) return;
        try {
            annotate(report);
        } catch (...) {
            count_dropped(w);
        }
    }

    /// Nobody is to blame, or it is known and borne: it is no block of the sink's, and raises nothing. While it lasts
    /// there is no word to say. The first kind is a warning, and written; of the second nobody wants to hear.
    void excuse(watch& w, block_report& report, bool over)
    {
        if (!over) return;
        {
            std::lock_guard const hold{mutex_};
            w.announced = false;  // else the next block would take over the number of a word that was said of this one
            report.number = w.excused.size() + 1;
            keep(w, w.excused, report);
        }
        if (w.sink || report.known) return;
        try {
            write_to_stderr(report, w.all_frames);
        } catch (...) {
            count_dropped(w);
        }
    }

    static void keep(watch& w, std::vector<block_report>& among, block_report const& report)
    {
        if (among.size() < most_kept)
            among.push_back(report);
        else
            ++w.dropped;
    }

    struct item {
        shared<watch> whose;
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
