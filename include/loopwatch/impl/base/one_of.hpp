// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <cstddef>
#include <type_traits>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A value of one of these types: a std::variant without the weight. Two of those made an object with the
/// implementation 0.45 MB larger, of 6.3 MB. The price: each type has room of its own, unless it is empty, and so has
/// to be made without an argument. At first it is of the first type.
template <typename... Types>
class one_of : Types... {
    template <typename T>
    static constexpr bool is_among = (std::is_same_v<T, Types> || ...);

    template <typename T>
    static constexpr std::size_t number_of()
    {
        std::size_t number = 0;
        static_cast<void>(((std::is_same_v<T, Types> || (++number, false)) || ...));
        return number;
    }

public:
    LOOPWATCH_INLINED constexpr one_of() {}
    template <typename T>
        requires is_among<T>
    LOOPWATCH_INLINED constexpr one_of(T from) : T(static_cast<T&&>(from)), number_{number_of<T>()}
    {
    }

    template <typename T>
    [[nodiscard]] LOOPWATCH_INLINED constexpr bool is() const noexcept
    {
        return number_ == number_of<T>();
    }
    /// Null, if it is of another type.
    template <typename T>
    [[nodiscard]] LOOPWATCH_INLINED constexpr T* get_if() noexcept
    {
        return is<T>() ? static_cast<T*>(this) : nullptr;
    }
    template <typename T>
    [[nodiscard]] LOOPWATCH_INLINED constexpr T const* get_if() const noexcept
    {
        return is<T>() ? static_cast<T const*>(this) : nullptr;
    }

private:
    std::size_t number_{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
