// SPDX-License-Identifier: BSL-1.0

// What a program is refused, by a container's seccomp filter or because it made itself undumpable, costs it no stack
// where there is another way, and a reason is given where there is none. And no call of a sleeping thread is cut short.
#include "stress/support/looker.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>

#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace stress;

void refuse_process_vm_readv(std::uint32_t error)
{
    sock_filter program[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_process_vm_readv},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | error},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    sock_fprog const filter{static_cast<unsigned short>(std::size(program)), program};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
        fail("no seccomp filter can be installed here: errno %d", errno);
    int const from = 1;
    int to = 0;
    long const got = detail::read_by_call(reinterpret_cast<std::uintptr_t>(&from), &to, sizeof to);
    if (got != -static_cast<long>(error)) fail("process_vm_readv is not refused: it returned %ld", got);
}

void become_undumpable()
{
    constexpr uid_t nobody = 65534;
    // The administrator may read everything.
    if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setresgid(nobody, nobody, nobody) != 0 ||
                             ::setresuid(nobody, nobody, nobody) != 0))
        fail("the user can't be changed: errno %d", errno);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    std::string const path = "/proc/self/task/" + std::to_string(::gettid()) + "/syscall";
    if (::open(path.c_str(), O_RDONLY) >= 0 || errno != EACCES) fail("%s is not refused", path.c_str());
}

// --- a thread that runs, or sleeps ---

[[gnu::noinline]] void compute(std::atomic<bool> const& stop)
{
    mark const here;
    while (!stop) dawdle(100);
}
[[gnu::noinline]] void nap(std::atomic<bool> const& stop)
{
    mark const here;
    // It wakes only at the end: a signal before would be a call cut short.
    int const result = ::poll(nullptr, 0, -1);
    if (!stop) fail("a sleep was cut short: poll returned %d", result);
}
[[gnu::noinline]] void outer(void (*work)(std::atomic<bool> const&), std::atomic<bool> const& stop)
{
    mark const here;
    work(stop);
    stay();
}

struct expectation {
    looker::way by;
    detail::capture_error missing;
};

void expect_stacks(void (*work)(std::atomic<bool> const&), expectation wanted, clock::duration length, char const* what)
{
    std::atomic<bool> stop{false};
    std::atomic<shadow*> account{nullptr};
    std::thread busy{[&] { with_shadow(account, [&] { outer(work, stop); }); }};
    shadow const* of = nullptr;
    while ((of = account.load(std::memory_order_acquire)) == nullptr || of->step_now() < 2) std::this_thread::yield();
    detail::thread_number const thread = of->owner;
    looker look;
    std::this_thread::sleep_for(20ms);
    tally verdicts;
    unsigned long as_wanted = 0;
    unsigned long all = 0;
    auto next = clock::now();
    for (auto const until = next + length; all == 0 || clock::now() < until; ++all) {
        std::this_thread::sleep_until(next += 1ms);
        std::uint64_t const steps = of->step_now();
        auto const& s = look.look_at(thread);
        if (s.by == wanted.by && s.shot.missing == wanted.missing) ++as_wanted;
        verdicts.add(s, thread, of, steps);
    }
    stop = true;
    ::syscall(SYS_tgkill, ::getpid(), static_cast<pid_t>(thread), SIGUSR1);
    busy.join();
    verdicts.print(what);
    // A busy machine may keep a thread that runs from a CPU for longer than it is waited for.
    unsigned long const unanswered =
        wanted.by == looker::way::signal ? verdicts.no_stack(detail::capture_error::no_answer) : 0;
    if (as_wanted == 0 || as_wanted + unanswered != all) fail("%s: %lu of %lu as expected", what, as_wanted, all);
}

// --- with a guard ---

void expect_report(loopwatch::stack_quality quality, char const* reason, int tries = 20)
{
    net::io_context ctx;
    loopwatch::no_loop_blocking guard{
        ctx, {.threshold = 10ms, .action = loopwatch::on_block::log}, [](loopwatch::block_report const&) {}};
    post(ctx, [] { spin_through(60ms); });
    ctx.run();
    auto const blocks = guard.blocks();
    // On a machine so busy that the watchdog itself comes late, nobody is blamed.
    if (blocks.empty() && tries > 0) return expect_report(quality, reason, tries - 1);
    if (blocks.empty()) fail("the block is not reported");
    if (blocks[0].stack_quality != quality || blocks[0].stack_missing.find(reason) == std::string::npos)
        fail("the report's stack is %s: %s", std::string{to_string(blocks[0].stack_quality)}.c_str(),
             blocks[0].stack_missing.c_str());
}

/// In a process of its own: what was refused stays refused.
template <typename Body>
void apart(Body body)
{
    pid_t const child = ::fork();
    if (child == 0) {
        body();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status != 0) fail("the child that ran this ended with status %#x", static_cast<unsigned>(status));
}

}  // namespace

int main(int argc, char** argv)
{
    using detail::capture_error;
    using enum looker::way;
    using loopwatch::stack_quality;
    auto const length = time_to_run(argc, argv) / 10;
    struct sigaction wake{};
    wake.sa_handler = [](int) {};
    ::sigaction(SIGUSR1, &wake, nullptr);

    for (auto const error : {EPERM, ENOSYS, EACCES})
        apart([&] {
            refuse_process_vm_readv(static_cast<std::uint32_t>(error));
            expect_stacks(&compute, {signal, capture_error::none}, length, "running, process_vm_readv refused");
            expect_stacks(&nap, {sleeping, capture_error::none}, length, "sleeping, process_vm_readv refused");
            if (error == EPERM) expect_report(stack_quality::exact, "");
        });
    apart([&] {
        become_undumpable();
        expect_stacks(&compute, {signal, capture_error::none}, length, "running, undumpable");
        expect_stacks(&nap, {none, capture_error::not_told}, length, "sleeping, undumpable");
    });
    apart([&] {
        become_undumpable();
        refuse_process_vm_readv(EPERM);
        expect_stacks(&compute, {signal, capture_error::unreadable}, length, "running, both refused");
        expect_stacks(&nap, {none, capture_error::not_told}, length, "sleeping, both refused");
        expect_report(stack_quality::partial, "can't be read");
    });
}
