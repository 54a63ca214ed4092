// SPDX-License-Identifier: BSL-1.0

// A monitor may end a process that is stuck: by abort(), for a supervisor to start it anew, with the stuck thread's
// stack written first.
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <loopwatch/monitor.hpp>

#include <csignal>
#include <string>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

[[gnu::noinline]] void never_returns()
{
    for (;;) ::pause();
}

[[noreturn]] void service()
{
    rlimit const no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::alarm(60);
    net::io_context ctx;
    loopwatch::monitor m{{.threshold = 20ms}, {}};
    auto const watched = m.watch(ctx, "api");
    m.escalate(100ms, loopwatch::abort_process);
    post(ctx, [] { never_returns(); });
    ctx.run();
    std::_Exit(1);
}

}  // namespace

int main()
{
    int ends[2];
    expect(::pipe(ends) == 0, "there is a pipe");
    pid_t const child = ::fork();
    if (child == 0) {
        ::dup2(ends[1], STDERR_FILENO);
        service();
    }
    ::close(ends[1]);
    std::string text;
    char part[4096];
    for (ssize_t n = 0; (n = ::read(ends[0], part, sizeof part)) > 0;) text.append(part, static_cast<std::size_t>(n));
    int status = 0;
    ::waitpid(child, &status, 0);
    expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "it ended by abort()");
    expect(text.find("and still blocked") != text.npos, "the report says that it was still blocked");
    expect(text.find("never_returns") != text.npos, "the stack is that of the stuck thread");
}
