// SPDX-License-Identifier: BSL-1.0

// A monitor of a program that has no memory left does what needs none, and what it could not tell of one block does not
// keep it from telling of the next.
#include "programs/expect.hpp"
#include "support/failing_memory.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <loopwatch/monitor.hpp>

#include <atomic>

namespace {

std::atomic<bool> reporter_has_none{false};
thread_local bool this_thread_has_none = false;

}  // namespace

bool is_out_of_memory() noexcept
{
    return this_thread_has_none || (reporter_has_none && this_thread_is("loopwatch-rep"));
}

int main()
{
    net::io_context ctx;
    loopwatch::monitor m{{.threshold = 20ms}, {}};
    auto watched = m.watch(ctx, "api");
    std::atomic<unsigned> escalated{0};
    m.escalate(60ms, [&](loopwatch::block_notice const&) {
        reporter_has_none = true;  // so the end of this block is not reported
        ++escalated;
    });
    for (unsigned i = 1; i <= 3; ++i) {
        post(ctx, [&] {
            for (int waited = 0; escalated < i && waited < 6'000; ++waited) sleep_through(1ms);
        });
        ctx.restart();
        ctx.run();
        static_cast<void>(m.flush(20s));
        expect(reporter_has_none.exchange(false), "each block is escalated");
    }
    expect(refused > 0, "the reporter ran out of memory");
    expect(m.top().empty(), "no end of a block was reported");

    refused = 0;
    this_thread_has_none = true;
    m.pause();
    static_cast<void>(m.flush(20s));
    m.resume();
    m.pause();
    static_cast<void>(m.lost());
    watched.end();
    this_thread_has_none = false;
    {
        loopwatch::monitor const last{std::move(m)};
    }
}
