// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "config.hpp"

#include <atomic>
#include <cstddef>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The base of types held by `shared`: a reference count.
class counted {
public:
    counted(counted const&) = delete;
    counted& operator=(counted const&) = delete;

    void retain() noexcept { shares_.fetch_add(1, std::memory_order_relaxed); }
    /// Returns whether that was the last reference.
    [[nodiscard]] bool release() noexcept { return shares_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

    /// Whether others hold it besides the caller. A false stays false: only who holds it can share it.
    [[nodiscard]] bool is_shared() const noexcept { return shares_.load(std::memory_order_acquire) > 1; }

protected:
    LOOPWATCH_INLINED counted() noexcept {}
    ~counted() = default;

private:
    std::atomic<long> shares_{0};
};

/// A shared pointer to a `counted` object. A std::shared_ptr is a hundred functions for each type; this is one.
template <typename T>
class shared {  // NOLINT(cppcoreguidelines-special-member-functions): its assignment takes a copy, or what is moved
public:
    LOOPWATCH_INLINED shared() noexcept {}
    LOOPWATCH_INLINED explicit shared(T* one) noexcept : one_{one}
    {
        if (one_ != nullptr) one_->retain();
    }
    LOOPWATCH_INLINED shared(shared const& other) noexcept : shared{other.one_} {}
    LOOPWATCH_INLINED shared(shared&& other) noexcept : one_{other.one_} { other.one_ = nullptr; }
    LOOPWATCH_INLINED shared& operator=(shared other) noexcept
    {
        T* const before = one_;
        one_ = other.one_;
        other.one_ = before;
        return *this;
    }
    ~shared()
    {
        if (one_ != nullptr && one_->release()) delete one_;
    }

    [[nodiscard]] LOOPWATCH_INLINED T* get() const noexcept { return one_; }
    [[nodiscard]] LOOPWATCH_INLINED T& operator*() const noexcept { return *one_; }
    [[nodiscard]] LOOPWATCH_INLINED T* operator->() const noexcept { return one_; }
    LOOPWATCH_INLINED explicit operator bool() const noexcept { return one_ != nullptr; }
    LOOPWATCH_INLINED friend bool operator==(shared const& a, std::nullptr_t) noexcept { return a.one_ == nullptr; }

    LOOPWATCH_INLINED void reset() noexcept { *this = shared{}; }

private:
    T* one_{nullptr};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
