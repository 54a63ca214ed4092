// SPDX-License-Identifier: BSL-1.0

// A thread that has slept since it was captured is not captured once more: what was found then still holds. One that
// has run meanwhile is, also if it sleeps in the same call again.
#include "support/catch.hpp"
#include "support/stall.hpp"

#include <loopwatch/impl/capture/capture_linux.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include <sys/syscall.h>
#include <unistd.h>

using namespace loopwatch::detail;

namespace {

/// Sleeps in two functions, one after the other, in calls that differ in nothing.
class sleeper {
public:
    ~sleeper()
    {
        while (place_ < 3) wake();
        thread_.join();
        ::close(ends_[0]);
        ::close(ends_[1]);
    }

    [[nodiscard]] thread_number number()
    {
        while (number_ == 0) std::this_thread::yield();
        return number_;
    }
    /// Returns when it has left the call.
    void wake()
    {
        int const before = place_;
        REQUIRE(::write(ends_[1], "x", 1) == 1);
        while (place_ == before) std::this_thread::yield();
    }

private:
    [[gnu::noinline]] void sleep_here() { place_ += read_a_byte() == 1 ? 1 : 0; }
    [[gnu::noinline]] void sleep_there() { place_ += read_a_byte() == 1 ? 1 : 0; }
    /// The kernel tells of six arguments, also of those that the call does not have.
    [[gnu::always_inline]] long read_a_byte() { return ::syscall(SYS_read, ends_[0], &byte_, 1L, 0L, 0L, 0L); }

    static std::array<int, 2> new_pipe()
    {
        std::array<int, 2> ends{};
        REQUIRE(::pipe(ends.data()) == 0);
        return ends;
    }

    std::array<int, 2> ends_{new_pipe()};
    char byte_{};
    std::atomic<int> place_{1};
    std::atomic<thread_number> number_{0};
    std::thread thread_{[this] {
        number_ = this_thread_number();
        sleep_here();
        sleep_there();
    }};
};

class looker {
public:
    looker() { tools_->unwind.prepare(); }

    /// Once it sleeps.
    snapshot look_at(thread_number thread)
    {
        snapshot found{};
        found.thread = thread;
        while (tools_->look_at_sleeper(thread, tools_->unwind, found) != sleeper_capture::result::taken)
            std::this_thread::yield();
        return found;
    }

private:
    std::unique_ptr<capture_tools> tools_{new capture_tools};
};

/// The call in which it sleeps, as the kernel tells it.
kernel_sleep call_of(thread_number thread)
{
    thread_files files;
    kernel_sleep found;
    while (look_into_kernel(thread, files, found) != seen_in_kernel::sleeping) std::this_thread::yield();
    return found;
}

std::vector<std::uintptr_t> addresses_of(snapshot const& s) { return {s.frames().begin(), s.frames().end()}; }

}  // namespace

TEST_CASE("a thread that has slept since has the same stack, at a later moment", "[capture]")
{
    sleeper one;
    looker look;
    snapshot const first = look.look_at(one.number());
    REQUIRE(first.size > 3);
    for (int i = 0; i < 3; ++i) {
        auto const before = clock::now();
        snapshot const again = look.look_at(one.number());
        CHECK(again.taken_at >= before);
        CHECK(again.taken_at <= clock::now());
        CHECK(again.thread == one.number());
        CHECK(again.asleep);
        CHECK(again.in_call);
        CHECK(again.missing == first.missing);
        CHECK(addresses_of(again) == addresses_of(first));
    }
}

TEST_CASE("a thread that has run since is captured anew, though it sleeps in a call that is the same", "[capture]")
{
    sleeper one;
    looker look;
    auto const here = addresses_of(look.look_at(one.number()));
    kernel_sleep const first_call = call_of(one.number());
    one.wake();
    auto const there = addresses_of(look.look_at(one.number()));
    REQUIRE(call_of(one.number()) == first_call);
    CHECK(here != there);
    CHECK(addresses_of(look.look_at(one.number())) == there);
}

TEST_CASE("threads that sleep are told apart, also more of them than are remembered", "[capture]")
{
    std::vector<std::unique_ptr<sleeper>> all;
    for (int i = 0; i < 12; ++i) all.push_back(std::make_unique<sleeper>());
    for (std::size_t i = 0; i < all.size(); i += 2) all[i]->wake();
    looker look;
    auto const here = addresses_of(look.look_at(all[1]->number()));
    auto const there = addresses_of(look.look_at(all[0]->number()));
    CHECK(here != there);
    for (int round = 0; round < 3; ++round)
        for (std::size_t i = 0; i < all.size(); ++i) {
            snapshot const seen = look.look_at(all[i]->number());
            CHECK(seen.thread == all[i]->number());
            CHECK(addresses_of(seen) == (i % 2 == 0 ? there : here));
        }
}
