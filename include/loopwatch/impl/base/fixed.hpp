// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <cstddef>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A lightweight std::array: that compiles to some ten functions per type and length, this to none.
template <typename T, std::size_t N>
struct fixed {
    T items[N];  // NOLINT(*-avoid-c-arrays)

    [[nodiscard]] LOOPWATCH_INLINED static constexpr std::size_t size() noexcept { return N; }
    [[nodiscard]] LOOPWATCH_INLINED constexpr T* data() noexcept { return items; }
    [[nodiscard]] LOOPWATCH_INLINED constexpr T const* data() const noexcept { return items; }
    [[nodiscard]] LOOPWATCH_INLINED constexpr T* begin() noexcept { return items; }
    [[nodiscard]] LOOPWATCH_INLINED constexpr T const* begin() const noexcept { return items; }
    [[nodiscard]] LOOPWATCH_INLINED constexpr T* end() noexcept { return items + N; }
    [[nodiscard]] LOOPWATCH_INLINED constexpr T const* end() const noexcept { return items + N; }
    [[nodiscard]] LOOPWATCH_INLINED constexpr T& operator[](std::size_t i) noexcept { return items[i]; }
    [[nodiscard]] LOOPWATCH_INLINED constexpr T const& operator[](std::size_t i) const noexcept { return items[i]; }

    friend constexpr bool operator==(fixed const& a, fixed const& b) = default;
};

template <typename First, typename... Rest>
fixed(First, Rest...) -> fixed<First, 1 + sizeof...(Rest)>;

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
