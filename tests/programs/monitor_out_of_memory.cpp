// SPDX-License-Identifier: BSL-1.0

// A monitor of a program that has no memory left does what needs none, and what it could not tell of one block does not
// keep it from telling of the next.
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <loopwatch/monitor.hpp>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#include <pthread.h>

namespace {

std::atomic<bool> reporter_has_none{false};
thread_local bool this_thread_has_none = false;
std::atomic<unsigned> refused{0};

bool is_reporter()
{
    static thread_local int const answer = [] {
        char name[16] = {};
        ::pthread_getname_np(::pthread_self(), name, sizeof name);
        return std::strcmp(name, "loopwatch-rep") == 0 ? 1 : 0;
    }();
    return answer == 1;
}

}  // namespace

void* operator new(std::size_t size)
{
    if (this_thread_has_none || (reporter_has_none && is_reporter())) {
        ++refused;
        throw std::bad_alloc{};
    }
    if (void* const memory = std::malloc(size)) return memory;
    throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

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
