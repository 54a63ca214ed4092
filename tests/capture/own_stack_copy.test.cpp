// SPDX-License-Identifier: BSL-1.0

// How much of a stack is copied, and by whom: with plain loads on the thread's own stack, else by the kernel.
#include "support/catch.hpp"
#include "support/stall.hpp"

#include <loopwatch/impl/capture/capture_linux.hpp>
#include <loopwatch/impl/capture/look.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

using namespace loopwatch::detail;

namespace {

constexpr std::size_t page = 4096;

/// Memory with nothing on either side of it: who reads beyond it faults.
class island {
public:
    explicit island(std::size_t pages) : size_{pages * page}
    {
        void* const all = ::mmap(nullptr, size_ + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        REQUIRE(all != MAP_FAILED);
        sea_ = static_cast<char*>(all);
        REQUIRE(::mprotect(sea_ + page, size_, PROT_READ | PROT_WRITE) == 0);
        for (std::size_t i = 0; i < size_; ++i) sea_[page + i] = static_cast<char>(i * 7 + i / 256);
    }
    island(island const&) = delete;
    island& operator=(island const&) = delete;
    ~island() { ::munmap(sea_, size_ + 2 * page); }

    [[nodiscard]] std::uintptr_t low() const { return reinterpret_cast<std::uintptr_t>(sea_) + page; }
    [[nodiscard]] std::uintptr_t end() const { return low() + size_; }
    [[nodiscard]] stack_bounds bounds() const { return {low(), end(), thread_pointer()}; }

private:
    std::size_t size_;
    char* sea_{nullptr};
};

bool same(stack_bytes const& copy)
{
    return std::memcmp(copy.bytes.data(), reinterpret_cast<void const*>(copy.base), copy.size) == 0;
}

}  // namespace

TEST_CASE("a copy begins at the red zone and ends with the stack", "[capture]")
{
    island const stack{8};
    auto const copy = std::make_unique<stack_bytes>();
    std::uintptr_t const sp = stack.low() + 2 * page + 24;
    copy_own_stack(sp, stack.bounds(), *copy);
    CHECK(copy->base == sp - machine::red_zone);
    CHECK(copy->base + copy->size == stack.end());
    CHECK(same(*copy));
}

TEST_CASE("no more is copied of a deep stack than there is room for", "[capture]")
{
    island const stack{40};
    auto const copy = std::make_unique<stack_bytes>();
    std::uintptr_t const sp = stack.low() + page;
    copy_own_stack(sp, stack.bounds(), *copy);
    CHECK(copy->size == stack_bytes::most);
    CHECK(same(*copy));
}

TEST_CASE("a copy does not reach below the stack, nor beyond its end", "[capture]")
{
    island const stack{2};
    auto const copy = std::make_unique<stack_bytes>();
    copy_own_stack(stack.low() + 16, stack.bounds(), *copy);
    CHECK(copy->base == stack.low() + 16);
    CHECK(copy->base + copy->size == stack.end());
    CHECK(same(*copy));
    copy_own_stack(stack.end() - 8, stack.bounds(), *copy);
    CHECK(copy->base + copy->size == stack.end());
    CHECK(copy->size == machine::red_zone + 8);
    CHECK(same(*copy));
}

TEST_CASE("on a stack that is not the thread's own, the kernel finds out where it ends", "[capture]")
{
    island const fiber{3};
    auto const copy = std::make_unique<stack_bytes>();
    std::uintptr_t const sp = fiber.low() + page;
    for (stack_bounds const bounds : {stack_bounds{}, this_thread_stack()}) {
        copy_own_stack(sp, bounds, *copy);
        CHECK(copy->base + copy->size == fiber.end());
        CHECK(same(*copy));
    }
}

TEST_CASE("bounds that were another thread's are not believed", "[capture]")
{
    island const stack{3};
    auto const copy = std::make_unique<stack_bytes>();
    // Of a thread that has ended; one with the same number has a smaller stack in the same place.
    stack_bounds const stale{stack.low(), stack.end() + 16 * page, thread_pointer() + 64};
    copy_own_stack(stack.low() + page, stale, *copy);
    CHECK(copy->base + copy->size == stack.end());
    CHECK(same(*copy));
}

TEST_CASE("bounds save the kernel, too, what is not the stack's", "[capture]")
{
    island const stack{8};
    auto const copy = std::make_unique<stack_bytes>();
    stack_bounds const half{stack.low(), stack.low() + 4 * page, 1};
    REQUIRE(copy_stack(stack.low() + page, half, *copy));
    CHECK(copy->base + copy->size == half.end);
    CHECK(same(*copy));
    REQUIRE(copy_stack(stack.low() + page, {}, *copy));
    CHECK(copy->base + copy->size == stack.end());
}

TEST_CASE("of a running thread with known bounds the copy ends where its stack does, and the trace is whole",
          "[capture]")
{
    prepare_capture();
    std::atomic<thread_number> number{0};
    std::atomic<bool> over{false};
    stack_bounds bounds;
    std::thread runs{[&] {
        bounds = this_thread_stack();
        number = this_thread_number();
        while (!over) spin_through(1ms);
    }};
    while (number == 0) std::this_thread::yield();
    for (bool const told : {true, false}) {
        snapshot found{};
        capture_request request;
        bool answered = false;
        // The look may find it asleep, on its way out of a preemption.
        while (!answered && request.slot == nullptr)
            answered = request_capture({.number = number, .stack = told ? bounds : stack_bounds{}}, request, found);
        REQUIRE_FALSE(answered);
        capture_slot const* const slot = request.slot;
        while (!slot->done()) std::this_thread::yield();
        stack_bytes const& copied = slot->image.stack;
        CHECK(bounds.hold(copied.base));
        // The thread sanitizer's data of a thread, more than is copied, lies between its frames and the end.
        std::uintptr_t const end = std::min(bounds.end, copied.base + stack_bytes::most);
        if (told)
            CHECK(copied.base + copied.size == end);
        else
            CHECK(copied.base + copied.size >= end);
        REQUIRE(poll(request, found));
        CHECK(found.missing == capture_error::none);
        CHECK(found.size > 2);
    }
    over = true;
    runs.join();
}

TEST_CASE("a request for every slot is served by one signal", "[capture]")
{
    prepare_capture();
    std::atomic<thread_number> number{0};
    std::atomic<bool> over{false};
    std::thread runs{[&] {
        number = this_thread_number();
        while (!over) spin_through(1ms);
    }};
    while (number == 0) std::this_thread::yield();
    auto const thread = static_cast<std::uint32_t>(number);
    for (std::size_t i = 0; i < capture_slots.size(); ++i) REQUIRE(request_slot(thread, {}, {}) == &capture_slots[i]);
    CHECK(request_slot(thread, {}, {}) == nullptr);
    REQUIRE(::pthread_kill(runs.native_handle(), SIGURG) == 0);
    auto const patience = clock::now() + 5s;
    for (capture_slot& slot : capture_slots) {
        while (!slot.done() && clock::now() < patience) std::this_thread::yield();
        CHECK(slot.done());
        if (!slot.revoke()) slot.release();
    }
    over = true;
    runs.join();
}

TEST_CASE("a look polls soon at first, and ever more rarely", "[capture]")
{
    prepare_capture();
    std::atomic<thread_number> number{0};
    std::atomic<bool> over{false};
    std::thread runs{[&] {
        sigset_t urgent;
        ::sigemptyset(&urgent);
        ::sigaddset(&urgent, SIGURG);
        ::pthread_sigmask(SIG_BLOCK, &urgent, nullptr);
        number = this_thread_number();
        while (!over) spin_through(1ms);
    }};
    while (number == 0) std::this_thread::yield();
    auto const l = std::make_unique<look>();
    CHECK(l->next_poll(clock::now()) == time_point::max());
    loop_thread const thread{.number = number};
    auto const before = clock::now();
    process_threads threads;
    l->begin({&thread, 1}, threads);
    auto const after = clock::now();
    REQUIRE(l->under_way());
    CHECK(l->next_poll(after) >= after + 50us);
    CHECK(l->next_poll(after + 1ms) >= after + 2ms);
    CHECK(l->next_poll(after + 1ms) <= after + 2ms + (after - before));
    CHECK(l->next_poll(after + 40ms) == after + 45ms);
    l->stop(threads);
    CHECK(l->next_poll(after) == time_point::max());
    over = true;
    runs.join();
}
