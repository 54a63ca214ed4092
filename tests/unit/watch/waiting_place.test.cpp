// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/detail/config.hpp>

#if LOOPWATCH_HAS_LINUX()
#include <loopwatch/impl/watch/idle/waiting_place_linux.hpp>

#include <cstdint>

using namespace loopwatch::detail;

namespace {

constexpr std::uint64_t int_minus_one = 0xffffffff;  // an int in a register

kernel_sleep call_of(long number, std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d)
{
    return {number, {a, b, c, d, 0, 0}, 0x7ffc0000, 0x7f001000};
}

}  // namespace

TEST_CASE("a wait without an end is known by what it waits for, whichever thread waits", "[idle]")
{
    auto one = call_of(SYS_epoll_pwait, 4, 0x7ffc1000, 128, int_minus_one);
    auto const place = waiting_place_of(one);
    REQUIRE(place);
    auto another = one;
    another.sp += 4096;
    another.arguments[1] += 4096;
    CHECK(waiting_place_of(another) == place);
    another.arguments[0] = 5;
    CHECK(waiting_place_of(another) != place);
    one.pc += 2;
    CHECK(waiting_place_of(one) != place);

    CHECK(waiting_place_of(call_of(SYS_futex, 0x5555, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, 0)));
    CHECK(waiting_place_of(call_of(SYS_futex, 0x5555, FUTEX_WAIT_PRIVATE, 0, 0)));
    CHECK(waiting_place_of(call_of(SYS_io_uring_enter, 7, 0, 1, 1)));
}

TEST_CASE("other waits are nowhere", "[idle]")
{
    CHECK_FALSE(waiting_place_of(call_of(SYS_epoll_pwait, 4, 0x7ffc1000, 128, 50)));
    CHECK_FALSE(waiting_place_of(call_of(SYS_futex, 0x5555, FUTEX_WAIT_PRIVATE, 0, 0x7ffc2000)));  // a timeout
    CHECK_FALSE(waiting_place_of(call_of(SYS_futex, 0x5555, FUTEX_LOCK_PI_PRIVATE, 0, 0)));
    CHECK_FALSE(waiting_place_of(call_of(SYS_io_uring_enter, 7, 1, 0, 0)));      // submits, waits for nothing
    CHECK_FALSE(waiting_place_of(call_of(SYS_io_uring_enter, 7, 0, 1, 1 | 8)));  // perhaps with a timeout
    CHECK_FALSE(waiting_place_of(call_of(SYS_ppoll, 0x7ffc1000, 1, 0, 0)));
    CHECK_FALSE(waiting_place_of(call_of(SYS_read, 3, 0x7ffc1000, 1, 0)));
#if defined(SYS_epoll_wait)
    CHECK(waiting_place_of(call_of(SYS_epoll_wait, 4, 0x7ffc1000, 128, int_minus_one)));
    CHECK_FALSE(waiting_place_of(call_of(SYS_epoll_wait, 4, 0x7ffc1000, 128, 0)));
#endif
}
#endif
