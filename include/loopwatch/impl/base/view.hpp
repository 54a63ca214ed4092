// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <cstddef>
#include <type_traits>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Pointer and length: a lightweight std::span. That and its iterators compile to twenty functions per type, in every
/// file that compiles the implementation without optimization; this to none.
template <typename T>
class view {
public:
    LOOPWATCH_INLINED constexpr view() noexcept {}
    LOOPWATCH_INLINED constexpr view(T* data, std::size_t size) noexcept : data_{data}, size_{size} {}
    template <std::size_t N>
    LOOPWATCH_INLINED constexpr view(T (&all)[N]) noexcept : data_{all}, size_{N}
    {
    }
    /// From any contiguous range.
    template <typename Range>
        requires requires(Range& all, T*& data) { data = all.data(); }
    LOOPWATCH_INLINED constexpr view(Range&& all) noexcept : data_{all.data()}, size_{all.size()}
    {
    }

    [[nodiscard]] LOOPWATCH_INLINED constexpr T* data() const noexcept { return data_; }
    [[nodiscard]] LOOPWATCH_INLINED constexpr std::size_t size() const noexcept { return size_; }
    [[nodiscard]] LOOPWATCH_INLINED constexpr bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] LOOPWATCH_INLINED constexpr T* begin() const noexcept { return data_; }
    [[nodiscard]] LOOPWATCH_INLINED constexpr T* end() const noexcept { return data_ + size_; }
    [[nodiscard]] LOOPWATCH_INLINED constexpr T& operator[](std::size_t i) const noexcept { return data_[i]; }

    // These three do not check their bounds.
    [[nodiscard]] LOOPWATCH_INLINED constexpr view first(std::size_t count) const noexcept { return {data_, count}; }
    [[nodiscard]] LOOPWATCH_INLINED constexpr view subspan(std::size_t from) const noexcept
    {
        return {data_ + from, size_ - from};
    }
    [[nodiscard]] LOOPWATCH_INLINED constexpr view subspan(std::size_t from, std::size_t count) const noexcept
    {
        return {data_ + from, count};
    }

private:
    T* data_{nullptr};
    std::size_t size_{0};
};

template <typename T, std::size_t N>
view(T (&)[N]) -> view<T>;
template <typename Range>
view(Range&& all) -> view<std::remove_pointer_t<decltype(all.data())>>;

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
