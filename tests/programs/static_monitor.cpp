// SPDX-License-Identifier: BSL-1.0

// A monitor in a static, made before main() and destroyed after it, with a sink that never returns: the process ends
// all the same, within the second that a sink is given.
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <loopwatch/monitor.hpp>

#include <atomic>
#include <cstdlib>
#include <thread>

namespace {

std::atomic<bool> in_sink{false};
test_clock::time_point main_ended;

struct last {
    last() = default;
    last(last const&) = delete;
    last& operator=(last const&) = delete;
    ~last()
    {
        auto const took = test_clock::now() - main_ended;
        expect(took >= 1s, "the sink was given a second");
        expect(took < 30s, "and not for ever");
    }
};

last const checked_last;

loopwatch::monitor service_monitor{{.threshold = 20ms}, {[](loopwatch::block_report const&) {
                                       in_sink = true;
                                       for (;;) std::this_thread::sleep_for(1h);
                                   }}};

}  // namespace

int main()
{
    net::io_context ctx;
    auto const watched = service_monitor.watch(ctx, "api");
    post(ctx, [] { sleep_through(50ms); });
    ctx.run();
    while (!in_sink) std::this_thread::yield();
    main_ended = test_clock::now();
}
