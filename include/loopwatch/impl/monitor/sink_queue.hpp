// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../detail/config.hpp"
#include "../../detail/keep_loaded.hpp"
#include "../../detail/owned.hpp"
#include "../../detail/shared.hpp"
#include "../../monitor_sink.hpp"
#include "../base/process_id.hpp"
#include "../platform/thread.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Whether destructors of statics run that were made before the first queue: what a sink uses may be gone.
inline std::atomic<bool> statics_are_ending{false};

/// Called before a queue is made, so that a static which owns one ends while this still says false.
inline void note_when_statics_end()
{
    struct last_moment {
        last_moment() = default;
        last_moment(last_moment const&) = delete;
        last_moment& operator=(last_moment const&) = delete;
        ~last_moment() { statics_are_ending = true; }
    };
    static last_moment const noted;
    static_cast<void>(noted);
}

/// What waits for a sink: notices, and requests to reopen its file.
class waiting_list {
public:
    struct item {
        std::shared_ptr<block_notice const> notice;  // null: reopen
        item* next{nullptr};
    };

    waiting_list() = default;
    waiting_list(waiting_list const&) = delete;
    waiting_list& operator=(waiting_list const&) = delete;
    ~waiting_list()
    {
        while (!empty()) take_first();
    }

    [[nodiscard]] bool empty() const { return first_ == nullptr; }
    [[nodiscard]] std::size_t notices() const { return notices_; }
    [[nodiscard]] bool ends_with_reopen() const { return last_ != nullptr && !last_->notice; }

    void push_back(owned<item> fresh) noexcept
    {
        if (fresh->notice) ++notices_;
        item* const one = fresh.release();
        (empty() ? first_ : last_->next) = one;
        last_ = one;
    }

    /// There must be one.
    owned<item> take_first() noexcept
    {
        owned<item> one{first_};
        first_ = one->next;
        if (first_ == nullptr) last_ = nullptr;
        if (one->notice) --notices_;
        return one;
    }

    void swap(waiting_list& other) noexcept
    {
        std::swap(first_, other.first_);
        std::swap(last_, other.last_);
        std::swap(notices_, other.notices_);
    }

private:
    item* first_{nullptr};
    item* last_{nullptr};
    std::size_t notices_{0};
};

/// What a queue and its thread share. Whichever ends last destroys it.
///
/// The sink is called, and in the end let go, on the thread, and with the mutex free: it may do anything, also end the
/// queue. Once close() has returned, the sink is not called any more; a call under way may last.
class sink_line : public counted {
public:
    sink_line(std::shared_ptr<notice_sink> to, std::size_t most) : sink_{std::move(to)}, most_{most} {}

    void run()
    {
        number_ = this_thread_number();
        run_this_thread_in_background();
        std::unique_lock hold{mutex_};
        for (;;) {
            work_.wait(hold, [&] { return may_work() && (closing_ || !waiting_.empty()); });
            if (waiting_.empty()) break;
            owned<waiting_list::item> one = waiting_.take_first();
            is_writing_ = one->notice != nullptr;
            hold.unlock();
            bool const written = was_taken(one->notice.get());
            one.reset();
            hold.lock();
            // One that is left behind was counted then.
            if (is_writing_ && !written) ++lost_;
            is_writing_ = false;
            ++handled_;
            done_.notify_all();
        }
        std::shared_ptr<notice_sink> last = std::move(sink_);
        hold.unlock();
        last.reset();
        hold.lock();
        ended_ = true;
        number_ = 0;
        done_.notify_all();
    }

    void push(owned<waiting_list::item> fresh) noexcept
    {
        bool const is_notice = fresh->notice != nullptr;
        {
            std::lock_guard const hold{mutex_};
            if (closing_ || (is_notice && waiting_.notices() >= most_)) {
                if (is_notice) ++lost_;
                return;
            }
            if (!is_notice && waiting_.ends_with_reopen()) return;
            waiting_.push_back(std::move(fresh));
            ++pushed_;
        }
        work_.notify_one();
    }

    bool flush(std::chrono::steady_clock::time_point until)
    {
        std::unique_lock hold{mutex_};
        std::uint64_t const all = pushed_;
        if (handled_ >= all) return true;
        if (is_own_thread()) return false;
        return waited(hold, until, [&] { return handled_ >= all; });
    }

    void close(std::chrono::steady_clock::time_point until)
    {
        waiting_list left;  // destroyed while the mutex is free
        std::unique_lock hold{mutex_};
        closing_ = true;
        if (!is_own_thread()) static_cast<void>(waited(hold, until, [&] { return ended_ || left_behind_; }));
        left_behind_ = true;  // who comes later waits no more
        lost_ += waiting_.notices();
        if (is_writing_) ++lost_;
        is_writing_ = false;
        handled_ = pushed_;
        left.swap(waiting_);
        done_.notify_all();
        hold.unlock();
        work_.notify_one();
    }

    void set_most(std::size_t most)
    {
        std::lock_guard const hold{mutex_};
        most_ = most;
    }

    void count_lost() noexcept { ++lost_; }
    [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }

private:
    [[nodiscard]] bool is_own_thread() const { return number_ == this_thread_number(); }

    /// Towards the end of the process what the sink uses may be gone. Then the thread does nothing, until the process
    /// ends, unless somebody waits for it.
    [[nodiscard]] bool may_work() const { return waiters_ > 0 || !statics_are_ending; }

    template <typename Condition>
    bool waited(std::unique_lock<std::mutex>& hold, std::chrono::steady_clock::time_point until, Condition condition)
    {
        ++waiters_;
        work_.notify_one();
        bool const held = done_.wait_until(hold, until, condition);
        --waiters_;
        return held;
    }

    [[nodiscard]] bool was_taken(block_notice const* notice) noexcept
    {
        try {
            if (notice != nullptr)
                sink_->write(*notice);
            else
                sink_->reopen();
            return true;
        } catch (...) {
            return false;
        }
    }

    std::mutex mutex_;
    std::condition_variable work_;
    std::condition_variable done_;
    waiting_list waiting_;
    std::shared_ptr<notice_sink> sink_;
    std::size_t most_;
    std::uint64_t pushed_{0};
    std::uint64_t handled_{0};
    unsigned waiters_{0};
    bool is_writing_{false};  ///< a notice
    bool closing_{false};
    bool left_behind_{false};
    bool ended_{false};
    std::atomic<std::uint64_t> lost_{0};
    std::atomic<thread_number> number_{0};
};

/// Hands notices to one sink, on a thread of its own, in the order in which they were pushed. Nobody who pushes waits
/// for the sink.
///
/// In the child of a fork there is no such thread, and its mutex may be locked for ever: there every function does
/// nothing, and the sink is never destroyed.
///
/// Thread safety: all functions but the destructor may be called on any threads at a time, also in the sink.
class sink_queue {
public:
    /// At most `most` notices wait, besides the one that is being written.
    ///
    /// Throws: std::system_error if the thread can't be started; std::bad_alloc; what wants_every_block() throws.
    sink_queue(std::shared_ptr<notice_sink> to, std::size_t most)
        : wants_every_block_{to->wants_every_block()}, line_{new sink_line{std::move(to), most}}
    {
        keep_loaded(reinterpret_cast<void const*>(&note_when_statics_end));  // the code that the thread will run
        note_when_statics_end();
        background_thread{"loopwatch-sink", [line = line_] { line->run(); }}.detach();
    }

    sink_queue(sink_queue const&) = delete;
    sink_queue& operator=(sink_queue const&) = delete;
    ~sink_queue() { close(std::chrono::seconds{1}); }

    /// Counted as lost if the queue is full or closed.
    void push(std::shared_ptr<block_notice const> const& notice) noexcept
    {
        if (is_elsewhere()) return;
        if (!enqueued(notice)) line_->count_lost();
    }

    [[nodiscard]] bool wants_every_block() const noexcept { return wants_every_block_; }

    /// Calls the sink's reopen() once it has written what was pushed before.
    void reopen() noexcept
    {
        if (!is_elsewhere()) static_cast<void>(enqueued(nullptr));
    }

    /// Waits until the sink was called with all that was pushed before. False: it was not by then, or this is the
    /// sink's own thread.
    bool flush(std::chrono::steady_clock::time_point until) noexcept { return is_elsewhere() || line_->flush(until); }

    /// Ends the queue: what is pushed from now on is lost. Waits for what was pushed before and for the sink's
    /// destruction, but for no longer than this, and not on the sink's own thread; the rest is lost.
    void close(std::chrono::nanoseconds patience) noexcept
    {
        if (is_elsewhere()) return;
        shared<sink_line> const line = line_;  // its sink's destructor may destroy this queue meanwhile
        constexpr std::chrono::nanoseconds most = std::chrono::hours{24 * 365};
        line->close(std::chrono::steady_clock::now() + (patience < most ? patience : most));
    }

    /// From now on. What waits stays.
    void set_most(std::size_t most) noexcept
    {
        if (!is_elsewhere()) line_->set_most(most);
    }

    /// Notices that the sink has not written: it was full, it threw, or it did not write them in the end.
    [[nodiscard]] std::uint64_t lost() const noexcept { return line_->lost(); }

private:
    [[nodiscard]] bool is_elsewhere() const noexcept { return process_ != process_id(); }

    /// False: out of memory.
    [[nodiscard]] bool enqueued(std::shared_ptr<block_notice const> notice) noexcept
    {
        try {
            line_->push(make_owned<waiting_list::item>(std::move(notice)));
            return true;
        } catch (...) {
            return false;
        }
    }

    std::int64_t process_{process_id()};
    bool wants_every_block_;
    shared<sink_line> line_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
