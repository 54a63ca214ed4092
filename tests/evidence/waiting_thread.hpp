// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/catch.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>

#include <loopwatch/impl/evidence/evidence.hpp>
#include <loopwatch/impl/platform/thread.hpp>

/// A thread that does something that takes long, to be looked at meanwhile.
class waiting_thread {
public:
    explicit waiting_thread(std::function<void()> work)
        : thread_{[this, work = std::move(work)] {
              number_ = loopwatch::detail::this_thread_number();
              work();
          }}
    {
        while (number_ == 0) std::this_thread::yield();
    }
    ~waiting_thread()
    {
        if (thread_.joinable()) thread_.join();
    }
    waiting_thread(waiting_thread const&) = delete;
    waiting_thread& operator=(waiting_thread const&) = delete;

    [[nodiscard]] loopwatch::detail::thread_number number() const { return number_; }
    void join() { thread_.join(); }

private:
    std::atomic<loopwatch::detail::thread_number> number_{0};
    std::thread thread_;
};

/// Reads until it is as wished, or gives up after ten seconds.
template <typename Wish>
bool read_until(loopwatch::detail::thread_reader& reader, loopwatch::detail::thread_number thread,
                loopwatch::detail::thread_reading& to, Wish wish)
{
    auto const end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (std::chrono::steady_clock::now() < end) {
        if (reader.read(thread, to) && wish(to)) return true;
        std::this_thread::yield();
    }
    return false;
}

inline auto asleep_in(long number)
{
    return [number](loopwatch::detail::thread_reading const& r) {
        return r.in_kernel && r.call.number == number && r.state == 'S';
    };
}
