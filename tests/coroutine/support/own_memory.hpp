// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <loopwatch/detail/config.hpp>
#include <loopwatch/impl/base/view.hpp>
#include <loopwatch/impl/unwind/foreign_memory_linux.hpp>

#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Memory of this process that may be gone by now. The kernel reads it: where a load would fault, it says so.
struct own_memory {
    /// How many bytes could be read. Runs on the watchdog: no allocation, errno kept. About half a microsecond.
    std::size_t operator()(std::uintptr_t from, view<std::byte> to) const noexcept
    {
        long const got = read_own_memory(from, to.data(), to.size());
        return got < 0 ? 0 : static_cast<std::size_t>(got);
    }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
