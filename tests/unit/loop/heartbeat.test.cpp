// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/heard_bell.hpp"

#include <loopwatch/impl/loop/pulse.hpp>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <type_traits>

using namespace loopwatch::detail;
using beat_handler = heartbeat<int>;

TEST_CASE("a heartbeat leaves the time and the thread", "[heartbeat][portable]")
{
    heard_bell bell;
    auto const p = make_pulse(bell);
    p->send();
    CHECK(p->out());
    auto const before = clock::now();
    beat_handler{p}();
    CHECK_FALSE(p->out());
    CHECK(p->ran());
    CHECK(p->ran_at() >= before);
    CHECK(p->ran_at() <= clock::now());
    CHECK(p->thread() == this_thread_number());
    CHECK(bell.rung() == 0);
}

TEST_CASE("a heartbeat keeps errno", "[heartbeat][portable]")
{
    heard_bell bell;
    auto const p = make_pulse(bell);
    p->send();
    static_cast<void>(p->call_when_run());
    errno = 4711;
    beat_handler{p}();
    CHECK(errno == 4711);
}

TEST_CASE("a heartbeat that is destroyed without being run says so", "[heartbeat][portable]")
{
    heard_bell bell;
    auto const p = make_pulse(bell);
    p->send();
    {
        beat_handler first{p};
        beat_handler const second{std::move(first)};
        CHECK(p->out());
    }
    CHECK_FALSE(p->out());
    CHECK_FALSE(p->ran());
}

TEST_CASE("a beat rings only if it was asked to", "[heartbeat][portable]")
{
    heard_bell bell;
    auto const p = make_pulse(bell);
    p->send();
    CHECK(p->call_when_run());
    beat_handler{p}();
    CHECK(bell.rung() == 1);
    p->send();
    beat_handler{p}();
    CHECK(bell.rung() == 1);
    CHECK_FALSE(p->call_when_run());
}

TEST_CASE("a heartbeat's operations live in the pulse, not on the heap", "[heartbeat]")
{
    heard_bell bell;
    auto const p = make_pulse(bell);
    auto const inside = [&](void* m) {
        auto const at = reinterpret_cast<std::uintptr_t>(m);
        auto const begin = reinterpret_cast<std::uintptr_t>(&*p);
        return at >= begin && at < begin + sizeof(pulse);
    };
    void* const one = p->memory.allocate(200);
    void* const two = p->memory.allocate(256);
    CHECK(inside(one));
    CHECK(inside(two));
    CHECK(one != two);
    void* const large = p->memory.allocate(257);
    CHECK_FALSE(inside(large));
    p->memory.deallocate(large);
    p->memory.deallocate(one);
    CHECK(p->memory.allocate(8) == one);
    p->memory.deallocate(one);
    p->memory.deallocate(two);
}

TEST_CASE("an operation's memory may outlive everything but its allocator", "[heartbeat]")
{
    heard_bell bell;
    heartbeat_allocator<char> keeps{make_pulse(bell)};  // now the only one that holds the pulse
    char* const memory = keeps.allocate(100);
    std::memset(memory, 1, 100);  // the address sanitizer sees if it is gone
    heartbeat_allocator<char> const copy = keeps;
    CHECK(copy == keeps);
    keeps.deallocate(memory, 100);
}
