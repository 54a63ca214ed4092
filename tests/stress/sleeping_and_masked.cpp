// SPDX-License-Identifier: BSL-1.0

// Threads that sleep: shortly, so that they wake under the look and change their stack; over what earlier calls left
// on the stack, which looks like frames; with the signal blocked, and where no signal gets through. What claims to be
// exact is right.
#include "stress/support/looker.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

#include <alloca.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace stress;

std::atomic<unsigned long> sleeps{0};
std::atomic<unsigned long> cut_short{0};

void note(int result)
{
    ++sleeps;
    if (result != 0 && errno == EINTR) ++cut_short;
}

// --- two ways to one and the same sleep: same call, same stack pointer, same program counter ---

timespec sleep_length{};

[[gnu::noinline]] void short_sleep()
{
    mark const here;
    note(::nanosleep(&sleep_length, nullptr));
}
template <int Way>
[[gnu::noinline]] void last_step(int levels);
template <int Way>
[[gnu::noinline]] void step(int levels)
{
    mark const here;
    if (levels > 0)
        step<Way>(levels - 1);
    else
        last_step<Way>(levels);
    stay();
}
template <int Way>
[[gnu::noinline]] void last_step(int)
{
    mark const here;
    short_sleep();
    stay();
}

/// Between two sleeps the same piece of stack holds other frames. A look that begins in one sleep and ends in the next,
/// with the copy in between, finds nothing changed but the counters.
[[gnu::noinline]] void roam(int levels, unsigned rounds)
{
    mark const here;
    dawdle(rounds);
    if (levels > 0) roam(levels - 1, rounds);
    dawdle(rounds);
}

void two_ways(std::atomic<bool> const& stop)
{
    ::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    dice roll{3};
    while (!stop) {
        roam(static_cast<int>(roll(12)), roll(1500));
        // Mostly shorter than it takes to copy the stack; at times longer than a whole look.
        sleep_length.tv_nsec = roll(8) == 0 ? 1'000'000 : 1;
        if (roll(2) == 0)
            step<0>(6);
        else
            step<1>(6);
    }
}

// --- dead frames of the same functions inside the locals of a live one ---

[[gnu::noinline]] void fixed_frame(int quick, unsigned)
{
    mark const here;
    char volatile large[3000];  // not written to: what was there before stays
    __asm__ volatile("" ::"r"(large) : "memory");
    note(::poll(nullptr, 0, quick != 0 ? 0 : 1));
}
[[gnu::noinline]] void dynamic_frame(int quick, unsigned size)
{
    mark const here;
    auto* const large = static_cast<char volatile*>(alloca(size));
    __asm__ volatile("" ::"r"(large) : "memory");
    note(::poll(nullptr, 0, quick != 0 ? 0 : 1));
}
using framed = void(int, unsigned);
[[gnu::noinline]] void deeper(framed* last, int levels, int quick, unsigned size)
{
    mark const here;
    char volatile room[32];
    room[0] = 1;
    if (levels > 0)
        deeper(last, levels - 1, quick, size);
    else
        last(quick, size);
    room[1] = room[0];
}
void over_dead_frames(std::atomic<bool> const& stop)
{
    dice roll{4};
    while (!stop) {
        framed* const last = roll(2) == 0 ? &fixed_frame : &dynamic_frame;
        for (int levels = 0; levels < 24; levels += 1 + static_cast<int>(roll(4))) deeper(last, levels, 1, 32);
        deeper(last, static_cast<int>(roll(3)), 0, 2500 - 16 * roll(8));
    }
}

/// Looks at a thread that does `work` until it is told to stop, every `pause`.
template <typename Work>
tally watch(Work work, clock::duration length, clock::duration pause, char const* what)
{
    std::atomic<bool> stop{false};
    std::atomic<shadow*> account{nullptr};
    std::thread sleeper{[&] { with_shadow(account, [&] { work(stop); }); }};
    shadow const* of = nullptr;
    while ((of = account.load(std::memory_order_acquire)) == nullptr || of->step_now() == 0) std::this_thread::yield();
    detail::thread_number const thread = of->owner;
    looker look;
    tally verdicts;
    for (auto const until = clock::now() + length; clock::now() < until;) {
        std::uint64_t const steps = of->step_now();
        verdicts.add(look.look_at(thread), thread, of, steps);
        std::this_thread::sleep_for(pause);
    }
    stop = true;
    sleeper.join();
    verdicts.print(what);
    return verdicts;
}

// --- where no signal gets through ---

void mask_all()
{
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

[[gnu::noinline]] void sleep_masked(std::atomic<bool> const& stop)
{
    mark const here;
    mask_all();
    while (!stop) note(::poll(nullptr, 0, 20));
}
[[gnu::noinline]] void compute_masked(std::atomic<bool> const& stop)
{
    mark const here;
    mask_all();
    while (!stop) dawdle(1000);
}

// The child shares our memory, and a sanitizer's runtime does not know of it: system calls alone.
__attribute__((no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined"))) int child(void*)
{
    timespec const length{0, 30'000'000};
    detail::system_call(SYS_nanosleep, reinterpret_cast<long>(&length));
    detail::system_call(SYS_exit, 0);
    return 0;
}
[[gnu::noinline]] void wait_for_vfork(std::atomic<bool> const& stop)
{
    mark const here;
    alignas(16) static char stack[65'536];
    while (!stop) {
        int const process = ::clone(&child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, nullptr);
        if (process < 0) fail("no child: errno %d", errno);
        ::waitpid(process, nullptr, 0);
    }
}

/// A page that is not there until somebody brings it.
class missing_page {
public:
    missing_page()
        : size_{static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))},
          file_{static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK))}
    {
        uffdio_api api{};
        api.api = UFFD_API;
        if (file_ < 0 || ::ioctl(file_, UFFDIO_API, &api) != 0) return;
        page_ = static_cast<char*>(::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        uffdio_register range{};
        range.range = {reinterpret_cast<std::uintptr_t>(page_), size_};
        range.mode = UFFDIO_REGISTER_MODE_MISSING;
        works_ = ::ioctl(file_, UFFDIO_REGISTER, &range) == 0;
    }
    missing_page(missing_page const&) = delete;
    missing_page& operator=(missing_page const&) = delete;
    ~missing_page()
    {
        if (page_ != nullptr) ::munmap(page_, size_);
        if (file_ >= 0) ::close(file_);
    }
    [[nodiscard]] bool works() const { return works_; }
    [[nodiscard]] char const volatile& byte() const { return *page_; }
    void bring() const
    {
        uffdio_zeropage page{};
        page.range = {reinterpret_cast<std::uintptr_t>(page_), size_};
        ::ioctl(file_, UFFDIO_ZEROPAGE, &page);
    }
    void take_away() const { ::madvise(page_, size_, MADV_DONTNEED); }

private:
    std::size_t size_;
    int file_;
    char* page_{nullptr};
    bool works_{false};
};

[[gnu::noinline]] void touch_missing(std::atomic<bool> const& stop, missing_page const& page)
{
    mark const here;
    while (!stop) {
        [[maybe_unused]] char const touched = page.byte();
        page.take_away();
    }
}

void look_at_faults(clock::duration length)
{
    missing_page const page;
    if (!page.works()) {
        std::printf("waiting for a page: left out, userfaultfd is refused here (errno %d)\n", errno);
        return;
    }
    std::atomic<bool> stop{false};
    std::thread brings{[&] {
        while (!stop) {
            std::this_thread::sleep_for(20ms);
            page.bring();
        }
    }};
    auto const verdicts =
        watch([&](std::atomic<bool> const& until) { touch_missing(until, page); }, length, 1ms, "waiting for a page");
    stop = true;
    brings.join();
    if (verdicts.right() == 0) fail("no stack of a thread that waits for a page");
}

}  // namespace

int main(int argc, char** argv)
{
    auto const length = time_to_run(argc, argv);
    auto const ways = watch(&two_ways, length / 3, 50us, "two ways to one sleep");
    if (ways.right() == 0 || ways.sleeping() == 0) fail("it was never seen asleep");
    auto const dead = watch(&over_dead_frames, length / 3, 50us, "over dead frames");
    if (dead.right() == 0 || dead.sleeping() == 0) fail("it was never seen asleep");
    std::printf("    %lu sleeps, %lu cut short\n", sleeps.load(), cut_short.load());

    cut_short = 0;
    auto const masked = watch(&sleep_masked, length / 15, 1ms, "asleep, all signals blocked");
    // On a busy machine it may be awake, and wait for a CPU.
    if (masked.right() == 0 || masked.right() + masked.no_stack(detail::capture_error::no_answer) != masked.captures())
        fail("a thread that blocks signals is not seen asleep");
    auto const deaf = watch(&compute_masked, length / 15, 1ms, "running, all signals blocked");
    if (deaf.no_stack(detail::capture_error::no_answer) != deaf.captures())
        fail("a thread answered that blocks all signals");
    // Not with the thread sanitizer: it takes clone() for a fork, after which it allows no new threads.
    if constexpr (!under_tsan) {
        auto const parent = watch(&wait_for_vfork, length / 15, 1ms, "waiting for a child of vfork");
        if (parent.agreeing() == 0 || parent.sleeping() == 0) fail("a thread is not seen waiting for a child of vfork");
    }
    look_at_faults(length / 15);
    if (cut_short != 0) fail("%lu calls were cut short", cut_short.load());
}
