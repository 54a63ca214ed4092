// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "config.hpp"

#include <cstddef>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// An owning pointer, with little to compile. A std::unique_ptr is forty functions for each type, half of them
/// std::tuple's; of this only the destructor is a function.
template <typename T>
class owned {
public:
    LOOPWATCH_INLINED owned() noexcept {}
    LOOPWATCH_INLINED owned(std::nullptr_t) noexcept {}
    LOOPWATCH_INLINED explicit owned(T* one) noexcept : one_{one} {}
    LOOPWATCH_INLINED owned(owned&& other) noexcept : one_{other.release()} {}
    LOOPWATCH_INLINED owned& operator=(owned&& other) noexcept
    {
        reset(other.release());
        return *this;
    }
    owned(owned const&) = delete;
    owned& operator=(owned const&) = delete;
    ~owned() { delete one_; }

    [[nodiscard]] LOOPWATCH_INLINED T* get() const noexcept { return one_; }
    LOOPWATCH_INLINED explicit operator bool() const noexcept { return one_ != nullptr; }
    [[nodiscard]] LOOPWATCH_INLINED T& operator*() const noexcept { return *one_; }
    [[nodiscard]] LOOPWATCH_INLINED T* operator->() const noexcept { return one_; }
    LOOPWATCH_INLINED friend bool operator==(owned const& a, std::nullptr_t) noexcept { return a.one_ == nullptr; }

    [[nodiscard]] LOOPWATCH_INLINED T* release() noexcept
    {
        T* const one = one_;
        one_ = nullptr;
        return one;
    }
    LOOPWATCH_INLINED void reset(T* one = nullptr) noexcept
    {
        owned const before{one_};
        one_ = one;
    }

private:
    T* one_{nullptr};
};

template <typename T, typename... Arguments>
[[nodiscard]] LOOPWATCH_INLINED owned<T> make_owned(Arguments&&... arguments)
{
    return owned<T>{new T{static_cast<Arguments&&>(arguments)...}};
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
