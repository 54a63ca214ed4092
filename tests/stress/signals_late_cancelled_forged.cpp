// SPDX-License-Identifier: BSL-1.0

// Requests that are revoked while the signal is on its way, handlers that come long after, and signals that nobody
// asked for: nothing is written for a request that is over, and nobody's stack is taken for another's.
#include "stress/support/run.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#include <loopwatch/impl/capture/capture.hpp>

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using namespace stress;
namespace detail = loopwatch::detail;

constexpr int capture_signal = SIGURG;

void block_signal(int how)
{
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, capture_signal);
    ::pthread_sigmask(how, &set, nullptr);
}

/// A thread that computes, and blocks the signal for random times if it is to.
class target {
public:
    explicit target(bool masks) : thread_{[this, masks] { run(masks); }}
    {
        while (number_.load(std::memory_order_acquire) == 0) std::this_thread::yield();
    }
    ~target()
    {
        stop_ = true;
        thread_.join();
    }
    [[nodiscard]] detail::thread_number number() const { return number_.load(std::memory_order_acquire); }
    [[nodiscard]] bool is_stack_of(std::uintptr_t sp) const { return sp >= low_ && sp < high_; }
    [[nodiscard]] unsigned long delivered() const { return delivered_.load(std::memory_order_relaxed); }

private:
    void run(bool masks)
    {
        pthread_attr_t attributes;
        void* low = nullptr;
        std::size_t size = 0;
        ::pthread_getattr_np(::pthread_self(), &attributes);
        ::pthread_attr_getstack(&attributes, &low, &size);
        ::pthread_attr_destroy(&attributes);
        low_ = reinterpret_cast<std::uintptr_t>(low);
        high_ = low_ + size;
        dice roll{static_cast<std::uint64_t>(detail::this_thread_number())};
        block_signal(SIG_UNBLOCK);
        number_.store(detail::this_thread_number(), std::memory_order_release);
        while (!stop_) {
            if (masks) block_signal(SIG_BLOCK);
            dawdle(roll(masks ? 100'000 : 1000));
            if (!masks) continue;
            sigset_t pending;
            ::sigpending(&pending);
            block_signal(SIG_UNBLOCK);  // what came late is handled here
            if (::sigismember(&pending, capture_signal) == 1) delivered_.fetch_add(1, std::memory_order_relaxed);
            dawdle(roll(2000));
        }
    }

    std::uintptr_t low_{0};
    std::uintptr_t high_{0};
    std::atomic<bool> stop_{false};
    std::atomic<unsigned long> delivered_{0};
    std::atomic<detail::thread_number> number_{0};
    std::thread thread_;
};

/// Sends the signal to everybody, in every way there is, with no request.
class forger {
public:
    explicit forger(std::vector<detail::thread_number> threads)
        : thread_{[this, threads = std::move(threads)] {
              block_signal(SIG_BLOCK);
              dice roll{99};
              pid_t const process = ::getpid();
              while (!stop_) {
                  auto const victim = static_cast<pid_t>(threads[roll(static_cast<unsigned>(threads.size()))]);
                  siginfo_t info{};
                  info.si_signo = capture_signal;
                  info.si_code = SI_QUEUE;
                  info.si_pid = process;
                  // What might be taken for a slot, and its generation.
                  info.si_value.sival_ptr = &detail::capture_slots[roll(8)];
                  switch (roll(4)) {
                      case 0: ::syscall(SYS_tgkill, process, victim, capture_signal); break;
                      case 1: ::syscall(SYS_rt_tgsigqueueinfo, process, victim, capture_signal, &info); break;
                      case 2: ::syscall(SYS_kill, process, capture_signal); break;
                      default: ::syscall(SYS_rt_sigqueueinfo, process, capture_signal, &info); break;
                  }
                  ++sent_;
                  dawdle(roll(20'000));
              }
          }}
    {
    }
    ~forger()
    {
        stop_ = true;
        thread_.join();
    }
    [[nodiscard]] unsigned long sent() const { return sent_; }

private:
    std::atomic<bool> stop_{false};
    std::atomic<unsigned long> sent_{0};
    std::thread thread_;
};

// --- what a handler would overwrite ---

constexpr auto poison = std::byte{0xa5};
constexpr std::size_t watched = 1024;  // of the stack; a handler that writes at all writes these

void poison_all()
{
    for (auto& slot : detail::capture_slots) {
        std::memset(&slot.image.words, static_cast<int>(poison), sizeof slot.image.words);
        std::memset(slot.image.stack.bytes.data(), static_cast<int>(poison), watched);
        slot.image.stack.base = 1;
        slot.image.stack.size = 2;
        slot.image.taken_at_ns = 3;
    }
}

[[nodiscard]] bool untouched(detail::capture_slot const& slot)
{
    detail::view const words{reinterpret_cast<std::byte const*>(&slot.image.words), sizeof slot.image.words};
    auto const is_poison = [](std::byte b) { return b == poison; };
    return slot.image.stack.base == 1 && slot.image.stack.size == 2 && slot.image.taken_at_ns == 3 &&
           std::all_of(words.begin(), words.end(), is_poison) &&
           std::all_of(slot.image.stack.bytes.begin(), slot.image.stack.bytes.begin() + watched, is_poison);
}

void expect_untouched(char const* when)
{
    for (auto const& slot : detail::capture_slots)
        if (!untouched(slot)) fail("a slot was written to %s", when);
}

struct counts {
    unsigned long answered{0}, revoked{0}, answered_while_revoked{0}, busy{0};
};

/// Requests that end after a time at random, from before the signal is sent to after it was answered.
void race(std::array<target const*, 2> targets, clock::duration length, counts& n)
{
    dice roll{5};
    auto const until = clock::now() + length;
    while (clock::now() < until) {
        target const& whom = *targets[roll(2)];
        poison_all();
        detail::snapshot shot;
        detail::capture_request request{nullptr, whom.number(), clock::now() + 1s, false};
        if (detail::ask_now(request, shot)) {
            ++n.busy;
            continue;
        }
        detail::capture_slot const& slot = *request.slot;
        // Now and then for as long as a thread may have to wait for a CPU on a busy machine.
        dawdle(roll(roll(4) == 0 ? 3'000'000 : 60'000));
        bool const answered = slot.done();
        detail::revoke(request, shot);
        if (shot.size == 0) {
            if (shot.missing != detail::capture_error::recovered)
                fail("a revoked request says: %d", static_cast<int>(shot.missing));
            ++n.revoked;
            dawdle(roll(30'000));
            expect_untouched("after its request was revoked");
            continue;
        }
        ++(answered ? n.answered : n.answered_while_revoked);
        if (!whom.is_stack_of(detail::stack_pointer_of(slot.image.words)) || !whom.is_stack_of(slot.image.stack.base))
            fail("the stack of another thread was taken");
        for (auto const& other : detail::capture_slots)
            if (&other != &slot && !untouched(other)) fail("a slot was written to that nobody had asked for");
    }
}

/// A signal is left pending in a thread that blocks it, and its slot is given to a request for another thread, which
/// will not answer: the late handler must not take it for its own.
void reuse(target const& late, clock::duration length, counts& n)
{
    dice roll{6};
    // Blocks the signal for good.
    std::atomic<bool> stop{false};
    std::atomic<detail::thread_number> deaf_number{0};
    std::thread deaf{[&] {
        block_signal(SIG_BLOCK);
        deaf_number = detail::this_thread_number();
        while (!stop) std::this_thread::sleep_for(1ms);
    }};
    while (deaf_number == 0) std::this_thread::yield();
    auto const until = clock::now() + length;
    while (clock::now() < until) {
        poison_all();
        detail::snapshot shot;
        detail::capture_request first{nullptr, late.number(), clock::now() + 1s, false};
        if (detail::ask_now(first, shot)) {
            ++n.busy;
            continue;
        }
        detail::capture_slot* const slot = first.slot;
        detail::revoke(first, shot);
        if (shot.size != 0) {
            ++n.answered;
            continue;
        }
        detail::capture_request second{nullptr, deaf_number, clock::now() + 1s, false};
        if (detail::ask_now(second, shot)) fail("no slot for the second request");
        if (second.slot != slot) fail("the second request did not get the slot of the first");
        unsigned long const before = late.delivered();
        auto const patience = clock::now() + 2ms;
        while (late.delivered() == before && clock::now() < patience) dawdle(100);
        detail::revoke(second, shot);
        if (shot.size != 0) fail("a handler answered for another thread");
        expect_untouched("by a late handler");
        ++n.revoked;
    }
    stop = true;
    deaf.join();
}

void print(char const* what, counts const& n)
{
    std::printf("%s: %lu requests: answered %lu, answered while being revoked %lu, revoked %lu, not asked %lu\n", what,
                n.answered + n.answered_while_revoked + n.revoked + n.busy, n.answered, n.answered_while_revoked,
                n.revoked, n.busy);
}

}  // namespace

int main(int argc, char** argv)
{
    auto const length = time_to_run(argc, argv);
    block_signal(SIG_BLOCK);
    detail::prepare_capture();
    target const runs{false};
    target const masks{true};

    counts raced;
    race({&runs, &runs}, length / 4, raced);
    print("revoked", raced);
    if (raced.answered == 0 || raced.revoked == 0) fail("there was no race");

    counts late;
    reuse(masks, length / 4, late);
    print("late, the slot in use again", late);
    std::printf("    %lu late handlers ran\n", masks.delivered());
    if (late.revoked == 0 || masks.delivered() == 0) fail("no handler came late");

    counts forged;
    unsigned long sent = 0;
    {
        forger const sends{{runs.number(), masks.number(), detail::this_thread_number()}};
        poison_all();
        auto const until = clock::now() + length / 4;
        while (clock::now() < until) {
            dawdle(10'000);
            expect_untouched("by a signal that nobody asked for");
        }
        race({&runs, &masks}, length / 4, forged);
        sent = sends.sent();
    }
    print("among forged signals", forged);
    std::printf("    %lu of them\n", sent);
    if (sent < 100 || forged.answered == 0) fail("nothing was forged");
}
