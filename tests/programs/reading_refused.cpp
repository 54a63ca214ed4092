// SPDX-License-Identifier: BSL-1.0

// In a sandbox that refuses process_vm_readv, stacks are read in another way: of a thread that runs, and of one that
// sleeps, which is still asked by no signal.
#include "expect.hpp"

#include "support/net.hpp"
#include "support/stall.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <vector>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

void refuse_process_vm_readv()
{
    std::array<sock_filter, 4> rules{{
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_process_vm_readv},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    }};
    sock_fprog const filter{rules.size(), rules.data()};
    expect(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "a filter may be installed");
    expect(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0, "a filter is installed");
    expect(::process_vm_readv(::getpid(), nullptr, 0, nullptr, 0, 0) == -1 && errno == EPERM, "the call is refused");
}

void check_report(truth (*blocks)(nanoseconds), char const* culprit)
{
    net::io_context ctx;
    std::vector<loopwatch::block_report> reports;
    {
        loopwatch::no_loop_blocking guard{ctx,
                                          {.threshold = 10ms, .action = loopwatch::on_block::log},
                                          [&](loopwatch::block_report const& r) { reports.push_back(r); }};
        post(ctx, [&] { blocks(60ms); });
        ctx.run();
    }
    expect(reports.size() == 1, "it is reported once");
    expect(reports[0].stack_quality == loopwatch::stack_quality::exact, "its stack is exact");
    expect(culprit_is(reports[0], culprit), "its culprit is right");
}

}  // namespace

int main()
{
    refuse_process_vm_readv();
    check_report(&spin_through, "spin_through");
    sigset_t urgent;
    ::sigemptyset(&urgent);
    ::sigaddset(&urgent, SIGURG);
    ::pthread_sigmask(SIG_BLOCK, &urgent, nullptr);
    check_report(&sleep_through, "sleep_through");
    sigset_t pending;
    ::sigpending(&pending);
    expect(::sigismember(&pending, SIGURG) == 0, "a thread that sleeps was sent no signal");
}
