// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/coroutine/awaitable_layout.hpp"
#include "../base/fixed.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The layouts of Asio's coroutines that translation units have registered. Stored as values, without pointers into the
/// code of a library, which may be unloaded. Equal ones are stored once.
class awaitable_layouts {
public:
    static constexpr std::size_t max = 4;  // standalone Asio, Boost.Asio; all of their versions so far are alike

    struct list {
        fixed<awaitable_layout, max> items;
        std::size_t size{0};

        [[nodiscard]] awaitable_layout const* begin() const { return items.data(); }
        [[nodiscard]] awaitable_layout const* end() const { return items.data() + size; }
    };

    /// May be called from any thread, also before main and while a library is being loaded. False if the table is full.
    bool add(awaitable_layout layout) noexcept
    {
        std::uint64_t const added = packed(layout);
        for (auto& entry : entries_) {
            std::uint64_t found = 0;
            if (entry.compare_exchange_strong(found, added, std::memory_order_relaxed) || found == added) return true;
        }
        return false;
    }

    [[nodiscard]] list known() const noexcept
    {
        list found{};
        for (auto const& entry : entries_) {
            std::uint64_t const value = entry.load(std::memory_order_relaxed);
            if (value == 0) break;
            found.items[found.size++] = unpacked(value);
        }
        return found;
    }

private:
    // Never 0, which marks an empty entry: three different offsets can't all be 0.
    static constexpr std::uint64_t packed(awaitable_layout l)
    {
        return std::uint64_t{l.handle} << 48 | std::uint64_t{l.attached_thread} << 32 | std::uint64_t{l.caller} << 16 |
               l.bottom_of_stack;
    }
    static constexpr awaitable_layout unpacked(std::uint64_t v)
    {
        return {static_cast<std::uint16_t>(v >> 48), static_cast<std::uint16_t>(v >> 32),
                static_cast<std::uint16_t>(v >> 16), static_cast<std::uint16_t>(v)};
    }

    fixed<std::atomic<std::uint64_t>, max> entries_{};
};

// Constant-initialized, so that it can be used before main.
LOOPWATCH_SHARED inline constinit awaitable_layouts process_awaitable_layouts{};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
