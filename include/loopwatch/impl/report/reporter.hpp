// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/owned.hpp"
#include "../../detail/shared.hpp"
#include "../allowance/block_allowances.hpp"
#include "../analysis/handler_names.hpp"
#include "../analysis/named_block.hpp"
#include "../analysis/named_stacks.hpp"
#include "../analysis/naming.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../block/block_facts.hpp"
#include "../block/raw_block.hpp"
#include "../capture/unloading.hpp"
#include "../platform/thread.hpp"
#include "../symbolize/symbolize.hpp"
#include "block_archive.hpp"
#include "compose.hpp"
#include "frame_store.hpp"
#include "kept_reports.hpp"
#include "watched.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The reporter thread: symbolizes, classifies and calls sinks, which may take long.
class reporter {
public:
    reporter() { waiting_.reserve(most_waiting / sizeof(raw_block)); }

    static constexpr std::size_t most_waiting = std::size_t{16} << 20;  // bytes of queued blocks

    [[nodiscard]] std::mutex& mutex() { return mutex_; }

    /// Held while addresses are named, which takes the loader's locks. A fork must hold it, or the child could wait for
    /// these locks for ever. Taken before the other mutexes.
    [[nodiscard]] std::mutex& naming() { return naming_; }

    /// The reporter's thread; 0 until it runs.
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
            reporting_ = true;
            waiting_bytes_ -= block->bytes();
            bool const was_left = w->log.was_left;
            hold.unlock();
            bool not_run = false;
            bool lost = false;
            try {
                not_run = report(*w, *block, modules, was_left);
                if (w->how.receiver && block->how != ending::none) w->how.receiver->settled(block->sent_at);
            } catch (...) {
                // Out of memory. The symbolizer's data may be incomplete, so it is dropped.
                lost = block->how != ending::none;
                names_.reset();
                stacks_.forget();
            }
            block.reset();

            hold.lock();
            if (not_run) w->log.was_left = true;
            if (lost) ++w->log.lost;
            count_reported(*w);
            reporting_ = false;
            done_.notify_all();
            hold.unlock();  // `w` may be the last owner of the watch, and so destroy the user's sink
        }
    }

    /// Queues a block, or counts it as lost if the queue is full: not while it lasts, for its end is still to come.
    /// Never waits for reporting.
    void hand_over(shared<watched> const& w, owned<raw_block> block)
    {
        std::size_t const bytes = block->bytes();
        std::lock_guard const hold{mutex_};
        if (waiting_bytes_ + bytes > most_waiting) {
            if (block->how != ending::none) ++w->log.lost;
            return;
        }
        waiting_bytes_ += bytes;
        waiting_.push_back(item{w, std::move(block)});
        ++w->log.pending;
        work_.notify_one();
    }

    /// Counts a block that can't be reported.
    void count_dropped(watched& w)
    {
        std::lock_guard const hold{mutex_};
        ++w.log.lost;
    }

    /// Waits until all blocks handed over for this watch before are reported. Returns at once if called in a sink.
    void flush(watched& w)
    {
        if (this_thread_number() == number_) return;
        std::unique_lock hold{mutex_};
        auto const all = handed_over(w);
        done_.wait(hold, [&] { return w.log.reported >= all; });
    }

    /// The same, but not for longer than that. False: they are not reported by then.
    [[nodiscard]] bool flush(watched& w, time_point until)
    {
        if (this_thread_number() == number_) return true;
        std::unique_lock hold{mutex_};
        auto const all = handed_over(w);
        return done_.wait_until(hold, until, [&] { return w.log.reported >= all; });
    }

    /// Whether all blocks that were handed over are reported; also true if called in a sink, where it can't be waited
    /// for. Does not wait, also not for the mutex: false if another has that.
    [[nodiscard]] bool has_reported_all()
    {
        if (this_thread_number() == number_) return true;
        std::unique_lock const hold{mutex_, std::try_to_lock};
        return hold.owns_lock() && waiting_.empty() && !reporting_;
    }

    /// After the last block of this watch was handed over: waits until all are reported. In a sink it can't wait, and
    /// the watch's own sink must not be called any more.
    void finish(watched& w)
    {
        if (this_thread_number() == number_)
            forget_waiting(w);
        else
            flush(w);
    }

    /// Blocks that are still queued are lost.
    void forget_waiting(watched& w)
    {
        std::lock_guard const hold{mutex_};
        remove_if(waiting_, [&](item const& each) {
            if (each.whose.get() != &w) return false;
            if (each.block->how != ending::none) ++w.log.lost;
            count_reported(w);
            waiting_bytes_ -= each.block->bytes();
            return true;
        });
    }

    [[nodiscard]] std::vector<block_report> reports(watched& w) { return whole(w.log.blocks); }
    [[nodiscard]] std::vector<block_report> excused(watched& w) { return whole(w.log.excused); }

    /// How many blocks nobody has heard of.
    [[nodiscard]] std::uint64_t dropped(watched& w)
    {
        std::lock_guard const hold{mutex_};
        return w.log.lost + w.log.blocks.unheard();
    }

    /// How many blocks are not in reports().
    [[nodiscard]] std::uint64_t not_kept(watched& w)
    {
        std::lock_guard const hold{mutex_};
        return w.log.lost + w.log.blocks.not_kept();
    }

private:
    /// Under the mutex.
    static void count_reported(watched& w)
    {
        --w.log.pending;
        ++w.log.reported;
    }

    /// Who waits does so for these: where blocks come all the time there are always some that are pending. Under the
    /// mutex.
    static std::uint64_t handed_over(watched const& w) { return w.log.reported + w.log.pending; }

    /// Returns whether the block showed that no thread runs the loop.
    bool report(watched& w, raw_block& raw, unloading& modules, bool was_left)
    {
        if (raw.run_elsewhere) return false;
        auto made = outlined(w.how, with_names(w, raw, modules), allowances_during(raw), was_left);
        if (made.is_block) deliver(w, made.outline, raw.sent_at, raw.how != ending::none);
        return made.not_run;
    }

    named_block with_names(watched& w, raw_block& raw, unloading& modules)
    {
        std::lock_guard const hold{naming_};
        if (!names_) names_ = make_owned<symbolizer>();
        names_->use_library_code(w.how.library);
        mark_unloaded(modules, raw);
        stacks_.follow(names_->changes(), w.how.library.patterns());
        named_block block = named(raw, *names_, stacks_);
        name_handlers(block, handlers_);
        return block;
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

    void deliver(watched& w, report_outline& outline, time_point sent_at, bool over)
    {
        if (outline.head.excuse.empty() && w.how.known.has_any()) {
            try {
                outline.head.excuse = w.how.known.excuse_for(outline.whole(), over);
                outline.head.known = !outline.head.excuse.empty();
            } catch (...) {  // NOLINT(bugprone-empty-catch)
                // Out of memory: it is reported as if no policy excused it.
            }
        }
        if (w.how.receiver) return give(w, outline, sent_at, over);
        if (!outline.head.excuse.empty()) return excuse(w, outline, over);
        block_report report = outline.whole();  // before it is kept: if there is no memory it is lost, and only that
        {
            std::lock_guard const hold{mutex_};
            report.number = outline.head.number = w.log.number_of(sent_at);
        }
        if (over) {  // before the sink is called, which may ask for it, or end the process
            static_cast<void>(keep(w.log.blocks, outline));
            if (w.how.archived) archive(outline);
        }
        bool const heard = was_heard(w.how.to, report);
        if (!over) return;
        {
            std::lock_guard const hold{mutex_};
            w.log.blocks.told(heard);
        }
        static_cast<void>(was_heard(w.how.annotations, report));
    }

    /// What is known is not told; nor that nobody is to blame so far, while a block lasts.
    void give(watched& w, report_outline& report, time_point sent_at, bool over)
    {
        if (report.head.known || (!over && !report.head.excuse.empty())) return;
        try {
            w.how.receiver->receive(report, sent_at, over);
            if (over && w.how.archived) archive(report);  // it has a number now
        } catch (...) {
            if (over) count_dropped(w);
        }
    }

    /// Calls a sink. False: there is none, or it threw.
    [[nodiscard]] static bool was_heard(sink const& by, block_report const& report)
    {
        if (!by) return false;
        try {
            by(report);
            return true;
        } catch (...) {
            return false;
        }
    }

    /// Handles an excused block: it goes to no user sink, and raises nothing. While it lasts nothing is done. If nobody
    /// is to blame it is logged as a warning; if a policy excused it, it is not logged.
    void excuse(watched& w, report_outline& report, bool over)
    {
        if (!over) return;
        bool const is_told = !report.head.known && w.how.excused_sink;
        block_report whole = is_told ? report.whole() : block_report{};
        {
            std::lock_guard const hold{mutex_};
            whole.number = report.head.number = w.log.excused.made() + 1;
        }
        bool const has_memory = keep(w.log.excused, report);
        if (w.how.archived) archive(report);
        bool const heard = is_told && was_heard(w.how.excused_sink, whole);
        if (!has_memory && !heard) count_dropped(w);
    }

    /// Returns whether there is memory for it.
    bool keep(kept_reports& among, report_outline const& report)
    {
        shared<kept_report> kept;
        try {
            kept = shared<kept_report>{new kept_report{report, frames_}};
        } catch (...) {  // NOLINT(bugprone-empty-catch)
            // Out of memory: sinks hear of it even so.
        }
        std::lock_guard const hold{mutex_};
        return among.add(kept);
    }

    /// Copies them while the mutex is free, for which the watchdog must not wait.
    [[nodiscard]] std::vector<block_report> whole(kept_reports& of)
    {
        many<shared<kept_report>> taken;
        {
            std::lock_guard const hold{mutex_};
            taken = of.taken();
        }
        std::vector<block_report> all(taken.size());
        for (std::size_t i = 0; i < taken.size(); ++i) all[i] = taken[i]->whole();
        return all;
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
    std::size_t waiting_bytes_{0};
    bool reporting_{false};  // a block that is not in waiting_ any more
    // Used by the reporter's thread only:
    owned<symbolizer> names_;
    named_stacks stacks_;
    handler_names handlers_;
    frame_store frames_;
    std::atomic<thread_number> number_{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
