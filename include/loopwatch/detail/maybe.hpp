// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "config.hpp"

#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

struct nothing_t {};
inline constexpr nothing_t nothing{};

/// An optional value, with little to compile. A std::optional is thirty functions for each type, in five layers; this
/// has only the copy, move and destructor of the value, and none for a trivial one. In return T must be
/// default-constructible, as there always is a value.
template <typename T>
class maybe {
public:
    LOOPWATCH_INLINED constexpr maybe() {}
    LOOPWATCH_INLINED constexpr maybe(nothing_t) {}
    LOOPWATCH_INLINED constexpr maybe(T value) : value_(static_cast<T&&>(value)), has_{true} {}

    [[nodiscard]] LOOPWATCH_INLINED constexpr bool has_value() const noexcept { return has_; }
    LOOPWATCH_INLINED constexpr explicit operator bool() const noexcept { return has_; }

    [[nodiscard]] LOOPWATCH_INLINED constexpr T& operator*() & noexcept { return value_; }
    [[nodiscard]] LOOPWATCH_INLINED constexpr T const& operator*() const& noexcept { return value_; }
    [[nodiscard]] LOOPWATCH_INLINED constexpr T&& operator*() && noexcept { return static_cast<T&&>(value_); }
    [[nodiscard]] LOOPWATCH_INLINED constexpr T* operator->() noexcept { return &value_; }
    [[nodiscard]] LOOPWATCH_INLINED constexpr T const* operator->() const noexcept { return &value_; }
    [[nodiscard]] LOOPWATCH_INLINED constexpr T value_or(T other) const
    {
        return has_ ? value_ : static_cast<T&&>(other);
    }

    template <typename... Arguments>
    LOOPWATCH_INLINED constexpr T& emplace(Arguments&&... arguments)
    {
        has_ = false;
        value_ = T(static_cast<Arguments&&>(arguments)...);
        has_ = true;
        return value_;
    }
    /// Also releases what the value held.
    LOOPWATCH_INLINED constexpr void reset()
    {
        has_ = false;
        value_ = T{};
    }

    LOOPWATCH_INLINED friend constexpr bool operator==(maybe const& a, maybe const& b)
    {
        return a.has_ == b.has_ && (!a.has_ || a.value_ == b.value_);
    }
    LOOPWATCH_INLINED friend constexpr bool operator==(maybe const& a, T const& b) { return a.has_ && a.value_ == b; }

private:
    T value_{};
    bool has_{false};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
