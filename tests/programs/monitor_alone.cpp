// SPDX-License-Identifier: BSL-1.0

// A service of one thread that waits for what only this thread could do waits for itself: the threads of its monitor,
// the watchdog's, the reporter's and one for each sink, are not taken for threads of the program. One of the program's
// could end the wait, in the child of a fork as well.
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <loopwatch/monitor.hpp>

#include <future>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace {

loopwatch::cause cause_of_wait()
{
    net::io_context ctx;
    loopwatch::monitor monitor{{.threshold = 20ms},
                               {[](loopwatch::block_notice const&) {}, [](loopwatch::block_notice const&) {}}};
    auto watched = monitor.watch(ctx, "api");
    std::promise<void> promise;
    post(ctx, [&] { promise.get_future().wait_for(80ms); });
    ctx.run();
    watched.end();
    expect(monitor.flush(60s), "all is told in time");
    auto const blocks = monitor.recent();
    expect(blocks.size() == 1, "the wait is told");
    return blocks.front().cause;
}

void alone_and_not()
{
    expect(cause_of_wait() == loopwatch::cause::self_deadlock, "who is alone waits for itself");
    std::promise<void> ended;
    std::thread other{[&] { ended.get_future().wait(); }};
    expect(cause_of_wait() == loopwatch::cause::lock, "another thread could end the wait");
    ended.set_value();
    other.join();
}

}  // namespace

int main()
{
    alone_and_not();
    pid_t const child = ::fork();
    if (child == 0) {
        alone_and_not();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "so it is in the child of a fork");
}
