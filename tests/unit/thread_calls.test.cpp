// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/detail/config.hpp>

#if LOOPWATCH_HAS_LINUX()
#include <loopwatch/detail/idle/thread_calls.hpp>

#include <atomic>
#include <thread>

#include <sys/eventfd.h>
#include <sys/stat.h>

using namespace loopwatch::detail;

namespace {

/// A thread that sleeps in read() until it is told to end.
class sleeper {
public:
    sleeper()
        : thread_{[this] {
              number_ = this_thread_number();
              eventfd_t value = 0;
              ::eventfd_read(event_, &value);
          }}
    {
        while (number_ == 0) std::this_thread::yield();
    }
    ~sleeper() { end(); }
    void end()
    {
        if (!thread_.joinable()) return;
        ::eventfd_write(event_, 1);
        thread_.join();
        ::close(event_);
    }
    [[nodiscard]] thread_number number() const { return number_; }
    [[nodiscard]] int event() const { return event_; }

private:
    int event_{::eventfd(0, EFD_CLOEXEC)};
    std::atomic<thread_number> number_{0};
    std::thread thread_;
};

std::optional<kernel_call> call_when_asleep(thread_calls& calls, sleeper const& of)
{
    for (int i = 0; i < 10'000; ++i) {
        auto const call = calls(of.number());
        if (call && call->number == SYS_read) return call;
        std::this_thread::yield();
    }
    return std::nullopt;
}

}  // namespace

TEST_CASE("the call that a thread sleeps in is seen, until the thread ends", "[idle]")
{
    thread_calls calls;
    sleeper thread;
    auto const call = call_when_asleep(calls, thread);
    REQUIRE(call);
    CHECK(call->arguments[0] == static_cast<std::uint64_t>(thread.event()));
    thread.end();
    CHECK_FALSE(calls(thread.number()));
    CHECK_FALSE(calls(thread.number()));
    calls.forget();
}

TEST_CASE("a thread that runs is in no call", "[idle]")
{
    thread_calls calls;
    std::atomic<thread_number> number{0};
    std::atomic<bool> stop{false};
    std::thread spinner{[&] {
        number = this_thread_number();
        while (!stop) {
        }
    }};
    while (number == 0) std::this_thread::yield();
    CHECK_FALSE(calls(number));
    stop = true;
    spinner.join();
    calls.forget();
}

TEST_CASE("a program that closes descriptors which are not its own loses none of those that it opens instead", "[idle]")
{
    thread_calls calls;
    sleeper const thread;
    int const next = ::dup(0);
    ::close(next);
    REQUIRE(call_when_asleep(calls, thread));  // opens a file under the number `next`
    REQUIRE(::close(next) == 0);
    int const reused = ::open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
    REQUIRE(reused == next);
    CHECK_FALSE(calls(thread.number()));
    struct stat of{};
    CHECK(::fstat(reused, &of) == 0);
    CHECK(calls(thread.number()));
    ::close(reused);
    calls.forget();
}

TEST_CASE("the time for which a thread has run stands still while it sleeps", "[idle]")
{
    thread_calls calls;
    sleeper thread;
    REQUIRE(call_when_asleep(calls, thread));
    auto const before = exact_run_time(thread.number());
    REQUIRE(before);
    CHECK(exact_run_time(thread.number()) == before);
    auto const own = exact_run_time(this_thread_number());
    CHECK(exact_run_time(this_thread_number()) != own);
    thread.end();
    CHECK_FALSE(exact_run_time(thread.number()));
    calls.forget();
}
#endif
