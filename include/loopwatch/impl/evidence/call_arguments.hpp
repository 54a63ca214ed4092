// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "reading.hpp"

#include <cstddef>
#include <cstdint>

// What the arguments of a system call mean.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

[[nodiscard]] constexpr std::uint64_t argument_of(call_reading const& call, int at)
{
    return call.arguments[static_cast<std::size_t>(at)];
}

/// The operations of futex that wait, without their flags (futex(2)).
enum class futex_operation : std::uint8_t {
    wait = 0,
    lock_pi = 6,
    wait_bitset = 9,
    wait_requeue_pi = 11,
    lock_pi2 = 13
};

[[nodiscard]] constexpr futex_operation operation_of_futex(std::uint64_t argument) noexcept
{
    constexpr std::uint64_t flags = 128 | 256;  // FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME
    return static_cast<futex_operation>(argument & 0x7fU & ~flags);
}

/// Whether the operation locks a mutex with priority inheritance, which the kernel hands over to the next owner.
[[nodiscard]] constexpr bool locks(futex_operation operation) noexcept
{
    return operation == futex_operation::lock_pi || operation == futex_operation::lock_pi2;
}

[[nodiscard]] constexpr bool waits(futex_operation operation) noexcept
{
    switch (operation) {
        case futex_operation::wait:
        case futex_operation::lock_pi:
        case futex_operation::wait_bitset:
        case futex_operation::wait_requeue_pi:
        case futex_operation::lock_pi2: return true;
    }
    return false;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
