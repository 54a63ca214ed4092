// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/run_list/scheduler_identity.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../base/view.hpp"
#include "../capture/look.hpp"
#include "../evidence/evidence.hpp"
#include "../platform/thread.hpp"
#include "../run_list/run_lists.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A call of run(), poll() or the like that has not returned. Identified by the address of its element in Asio's list,
/// which lies in the call's stack frame.
struct run_call {
    thread_number thread{0};
    std::uintptr_t element{0};
    friend bool operator==(run_call const&, run_call const&) = default;
};

/// The calls that ran a loop at one moment; those beyond loop_threads::max are left out.
class run_calls {
public:
    void add(run_call one)
    {
        if (size_ < calls_.size()) calls_[size_++] = one;
    }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] view<run_call const> all() const { return {calls_.data(), size_}; }
    [[nodiscard]] bool contain(run_call one) const { return detail::contains(all(), one); }

private:
    fixed<run_call, loop_threads::max> calls_{};
    std::size_t size_{0};
};

/// The threads that run a loop at this moment; those known from before come first.
struct loop_runners {
    fixed<thread_number, loop_threads::max> threads{};
    std::size_t size{0};
    run_calls calls;           // of these threads
    bool all{false};           // no other thread runs it
    std::size_t looked_at{0};  // how many threads were searched
    time_point as_of{};        // lately() only: of other threads than the known ones this is what they ran then

    [[nodiscard]] view<thread_number const> found() const { return {threads.data(), size}; }
    [[nodiscard]] bool contain(thread_number thread) const { return detail::contains(found(), thread); }
};

/// The outermost call by which a thread runs the loop, as its element's address; 0: it does not. Takes 1 us.
[[nodiscard]] inline std::uintptr_t run_call_of(thread_number thread, scheduler_identity const& loop)
{
    return run_lists::shared().of(thread, loop).outermost_call(loop.address);
}

/// The innermost.
[[nodiscard]] inline std::uintptr_t innermost_call_of(thread_number thread, scheduler_identity const& loop)
{
    run_list const list = run_lists::shared().of(thread, loop);
    auto const* const found = list.find(loop.address);
    return found != nullptr ? found->at : 0;
}

/// Finds the runners of a loop among all threads of the process. Allocates nothing. Takes 10 us, and 1 us per thread.
class runner_search {
public:
    [[nodiscard]] loop_runners operator()(scheduler_identity const& loop, view<loop_thread const> known)
    {
        loop_runners found;
        bool all = true;
        auto const look = [&](thread_number thread) {
            if (++found.looked_at > most_threads) return false;
            run_list const list = run_lists::shared().of(thread, loop);
            if (auto const at = list.outermost_call(loop.address); at != 0) {
                if (found.size == found.threads.size()) return false;
                found.threads[found.size++] = thread;
                found.calls.add({thread, at});
            } else if (!list.whole) {
                all = false;
            }
            return true;
        };
        for (loop_thread const& t : known) look(t.number);
        thread_number const self = this_thread_number();  // list() below leaves it out
        auto const is_known = [&](thread_number thread) {
            return first_with(known, &loop_thread::number, thread) != nullptr;
        };
        if (!is_known(self)) look(self);
        bool const listed = threads_.list([&](thread_number thread) { return is_known(thread) || look(thread); });
        found.all = listed && all;
        return found;
    }

    /// The same, for what is asked of many loops again and again. All that ask at about the same time share one search
    /// of all threads: so it takes no more of the watchdog's time than a fiftieth, however many loops nobody runs. Of
    /// those that were found, and of the known ones, it is looked up anew.
    [[nodiscard]] loop_runners lately(scheduler_identity const& loop, view<loop_thread const> known, time_point now)
    {
        constexpr nanoseconds for_each = std::chrono::microseconds{50};  // a search takes one or two
        constexpr nanoseconds longest = std::chrono::milliseconds{50};
        nanoseconds const age = now - last_.at;
        auto const fresh_for = std::min<nanoseconds>(for_each * last_.looked_at, longest);
        if (last_.list != loop.list || age < nanoseconds{0} || age > fresh_for) search_all(loop, now);
        loop_runners found;
        found.as_of = last_.at;
        found.all = last_.whole;
        found.looked_at = last_.looked_at;
        bool has_changed = false;
        auto const look = [&](thread_number thread) {
            auto const at = run_call_of(thread, loop);
            if (at == 0) return false;
            if (found.size == found.threads.size()) {
                found.all = false;
                return true;
            }
            found.threads[found.size++] = thread;
            found.calls.add({thread, at});
            return true;
        };
        for (loop_thread const& t : known) look(t.number);
        for (std::size_t i = 0; i < last_.size; ++i) {
            auto const& one = last_.found[i];
            if (one.scheduler != loop.address || first_with(known, &loop_thread::number, one.thread) != nullptr)
                continue;
            if (!look(one.thread)) has_changed = true;
        }
        // Somebody did, and does no more: that nobody else does now is not known from then.
        if (found.size == 0 && has_changed) {
            found = (*this)(loop, known);
            found.as_of = now;
        }
        return found;
    }

private:
    /// All runs of all loops, as of one moment. Allocates nothing either.
    struct all_runs {
        struct one_run {
            std::uintptr_t scheduler{0};
            thread_number thread{0};
        };
        fixed<one_run, 2048> found;
        std::size_t size{0};
        std::size_t looked_at{0};
        std::ptrdiff_t list{0};  // the list of Asio's that was searched
        time_point at{};
        bool whole{false};
    };

    void search_all(scheduler_identity const& loop, time_point now)
    {
        last_.size = 0;
        last_.looked_at = 0;
        last_.list = loop.list;
        last_.at = now;
        bool all = true;
        auto const look = [&](thread_number thread) {
            if (++last_.looked_at > most_threads) return false;
            run_list const list = run_lists::shared().of(thread, loop);
            all = all && list.whole;
            for (std::size_t i = 0; i < list.size; ++i) {
                if (last_.size == last_.found.size()) return false;
                last_.found[last_.size++] = {list.elements[i].scheduler, thread};
            }
            return true;
        };
        bool const listed = look(this_thread_number()) && threads_.list(look);
        last_.whole = listed && all;
    }

    static constexpr std::size_t most_threads = 4096;

    thread_list threads_;
    all_runs last_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
