// SPDX-License-Identifier: BSL-1.0

// While a debugger is attached nothing is raised, and the report says so.
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <cstdio>

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

void be_debugged()
{
    net::io_context ctx;
    loopwatch::no_loop_blocking guard{ctx, {.threshold = 10ms}, [](loopwatch::block_report const&) {}};
    post(ctx, [] { sleep_through(60ms); });
    ctx.run();
    try {
        guard.finish();
    } catch (loopwatch::loop_blocked_error const& e) {
        expect(false, e.what());
    }
    auto const excused = guard.excused();
    expect(excused.size() == 1, "it is excused");
    expect(excused[0].excuse.find("a debugger is attached") != std::string::npos, excused[0].excuse.c_str());
    expect(excused[0].cause == loopwatch::cause::blocking_call, "and its cause is told even so");
}

}  // namespace

int main()
{
    int go[2];
    expect(::pipe(go) == 0, "a pipe can be made");
    pid_t const child = ::fork();
    if (child == 0) {
        char c = 0;
        expect(::read(go[0], &c, 1) == 1, "the debugger is attached");
        be_debugged();
        std::_Exit(0);
    }
    expect(::ptrace(PTRACE_SEIZE, child, nullptr, nullptr) == 0, "a child may be debugged");
    expect(::write(go[1], "x", 1) == 1, "the child can be told");
    for (int status = 0;;) {
        expect(::waitpid(child, &status, __WALL) == child, "the child can be waited for");
        if (WIFEXITED(status)) {
            expect(WEXITSTATUS(status) == 0, "all went well in the child");
            return 0;
        }
        expect(!WIFSIGNALED(status), "the child was not killed");
        // A stop by a signal: it is passed on.
        ::ptrace(PTRACE_CONT, child, nullptr, WIFSTOPPED(status) ? WSTOPSIG(status) : 0);
    }
}
