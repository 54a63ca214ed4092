// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/run_list/scheduler_identity.hpp"
#include "../base/fixed.hpp"
#include "../base/view.hpp"
#include "../capture/look.hpp"
#include "../evidence/evidence.hpp"
#include "../platform/thread.hpp"
#include "../run_list/run_lists.hpp"

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

    [[nodiscard]] view<thread_number const> found() const { return {threads.data(), size}; }
    [[nodiscard]] bool contain(thread_number thread) const { return detail::contains(found(), thread); }
};

/// The outermost call by which a thread runs the loop, as its element's address; 0: it does not. Takes 1 us.
[[nodiscard]] inline std::uintptr_t run_call_of(thread_number thread, scheduler_identity const& loop)
{
    return run_lists::shared().of(thread, loop).outermost_call(loop.address);
}

/// Finds the runners of a loop among all threads of the process. Allocates nothing. Takes 10 us, and 1 us per thread.
class runner_search {
public:
    [[nodiscard]] loop_runners operator()(scheduler_identity const& loop, view<loop_thread const> known)
    {
        constexpr std::size_t most_threads = 4096;
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

private:
    thread_list threads_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
