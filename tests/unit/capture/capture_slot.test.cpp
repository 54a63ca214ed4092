// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/capture/look.hpp>
#if LOOPWATCH_HAS_SIGNAL_CAPTURE()
#include <loopwatch/impl/capture/slot.hpp>
#endif

#include <atomic>
#include <thread>
#include <vector>

using namespace loopwatch::detail;

#if LOOPWATCH_HAS_SIGNAL_CAPTURE()

TEST_CASE("a slot goes from the watchdog to the handler and back", "[capture]")
{
    capture_slot slot;
    CHECK_FALSE(slot.begin_writing(7));
    REQUIRE(slot.request(7));
    CHECK_FALSE(slot.request(8));
    CHECK_FALSE(slot.begin_writing(8));
    CHECK(slot.begin_writing(7));
    CHECK_FALSE(slot.done());
    CHECK_FALSE(slot.revoke());
    slot.end_writing();
    CHECK(slot.done());
    CHECK_FALSE(slot.begin_writing(7));
    slot.release();
    CHECK(slot.request(7));
}

TEST_CASE("a handler that comes late finds its capture revoked", "[capture]")
{
    capture_slot slot;
    REQUIRE(slot.request(7));
    REQUIRE(slot.revoke());
    CHECK_FALSE(slot.begin_writing(7));
    REQUIRE(slot.request(9));
    CHECK_FALSE(slot.begin_writing(7));
}

TEST_CASE("revoking races with answering, and one of them wins", "[capture]")
{
    capture_slot slot;
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> answered{0};
    std::thread handler{[&] {
        while (!stop)
            if (slot.begin_writing(7)) {
                // Atomic only for thread sanitizer: the handler's half of the protocol is hidden from it.
                std::atomic_ref{slot.image.stack.size}.store(1, std::memory_order_relaxed);
                slot.end_writing();
                ++answered;
            }
    }};
    std::atomic_ref data{slot.image.stack.size};
    std::uint64_t revoked = 0;
    std::uint64_t collected = 0;
    for (int i = 0; i < 20'000; ++i) {
        REQUIRE(slot.request(7));
        if (i % 3 == 0) std::this_thread::yield();
        if (slot.revoke()) {
            data = 0;
            ++revoked;
        } else {
            while (!slot.done()) std::this_thread::yield();
            REQUIRE(data == 1);
            data = 0;
            slot.release();
            ++collected;
        }
    }
    stop = true;
    handler.join();
    CHECK(answered == collected);
    CHECK(revoked + collected == 20'000);
}

#endif

TEST_CASE("the threads of a loop are kept, the latest first", "[capture]")
{
    loop_threads threads;
    CHECK(threads.empty());
    auto const numbers = [&] {
        std::vector<thread_number> all;
        for (auto const& t : threads.all()) all.push_back(t.number);
        return all;
    };
    threads.presume({7, 4711});
    CHECK_FALSE(threads.seen());
    CHECK(threads.all()[0].within == 4711);
    for (thread_number n : {1, 2, 2, 3, 1}) threads.add(n);
    CHECK(threads.seen());
    CHECK(numbers() == std::vector<thread_number>{1, 3, 2});  // the presumed one was wrong
    CHECK(threads.contain(3));
    CHECK_FALSE(threads.contain(7));
    CHECK(threads.all()[0].within == ~std::uintptr_t{0});
    for (thread_number n = 10; n < 30; ++n) threads.add(n);
    CHECK(threads.all().size() == loop_threads::max);
    CHECK(threads.all()[0].number == 29);
}

TEST_CASE("a stack that was taken after the block is not kept", "[capture]")
{
    std::vector<seen_thread> seen(2);
    for (std::size_t i = 0; i < 2; ++i) {
        seen[i].stack = snapshot{};
        seen[i].stack.size = 3;
        seen[i].stack.missing = capture_error::none;
        seen[i].stack.taken_at = time_point{} + std::chrono::milliseconds{10 + i};
    }
    discard_later(seen, time_point{} + std::chrono::milliseconds{11});
    CHECK(seen[0].stack.size == 3);
    CHECK(seen[1].stack.size == 0);
    CHECK(seen[1].stack.missing == capture_error::recovered);
}
