// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "view.hpp"

#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <new>
#include <type_traits>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The part of many<T> that does not depend on T.
class many_bytes {
public:
    many_bytes(many_bytes const&) = delete;
    many_bytes& operator=(many_bytes const&) = delete;

    [[nodiscard]] LOOPWATCH_INLINED std::size_t size() const noexcept { return size_; }
    [[nodiscard]] LOOPWATCH_INLINED std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] LOOPWATCH_INLINED bool empty() const noexcept { return size_ == 0; }

protected:
    LOOPWATCH_INLINED many_bytes() noexcept {}
    ~many_bytes() = default;

    static void* allocated(std::size_t bytes, std::size_t alignment)
    {
        if (alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return ::operator new(bytes);
        return ::operator new(bytes, std::align_val_t{alignment});
    }
    static void freed(void* data, std::size_t alignment) noexcept
    {
        if (alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__)
            ::operator delete(data);
        else
            ::operator delete(data, std::align_val_t{alignment});
    }

    /// At least double the capacity.
    [[nodiscard]] std::size_t next_capacity(std::size_t at_least) const noexcept
    {
        return 2 * capacity_ < at_least ? at_least : 2 * capacity_;
    }

    /// Reallocates elements that are trivially copyable.
    void move_bytes(std::size_t capacity, std::size_t each, std::size_t alignment)
    {
        void* const fresh = allocated(capacity * each, alignment);
        if (size_ != 0) std::memcpy(fresh, data_, size_ * each);
        freed(data_, alignment);
        data_ = fresh;
        capacity_ = capacity;
    }

    LOOPWATCH_INLINED void steal(many_bytes& other) noexcept
    {
        data_ = other.data_;
        size_ = other.size_;
        capacity_ = other.capacity_;
        other.data_ = nullptr;
        other.size_ = other.capacity_ = 0;
    }

    LOOPWATCH_INLINED void swap_bytes(many_bytes& other) noexcept
    {
        many_bytes kept;
        kept.steal(*this);
        steal(other);
        other.steal(kept);
    }

    void* data_{nullptr};
    std::size_t size_{0};
    std::size_t capacity_{0};
};

/// A lightweight std::vector: that, its iterators and its algorithms compile to eighty functions per type. Here most
/// members are inlined, and only elements that are not trivially copyable need functions. Iterators are pointers.
///
/// Elements must move without throwing; so growing either succeeds or changes nothing. If copying an element throws,
/// those copied before it stay. clear(), assign() and copy assignment keep the memory.
template <typename T>
class many : public many_bytes {
    static constexpr bool plain() { return std::is_trivially_copyable_v<T>; }

public:
    LOOPWATCH_INLINED many() noexcept {}
    LOOPWATCH_INLINED explicit many(view<T const> all) : many{} { append(all); }
    LOOPWATCH_INLINED many(std::initializer_list<T> all) : many{} { append({all.begin(), all.size()}); }
    LOOPWATCH_INLINED many(many const& other) : many{} { append(other); }
    LOOPWATCH_INLINED many(many&& other) noexcept { steal(other); }
    LOOPWATCH_INLINED many& operator=(many const& other)
    {
        if (this != &other) assign(other);
        return *this;
    }
    LOOPWATCH_INLINED many& operator=(many&& other) noexcept
    {
        many taken{static_cast<many&&>(other)};
        swap(taken);
        return *this;
    }
    ~many()
    {
        shrink(0);
        freed(data_, alignof(T));
    }

    LOOPWATCH_INLINED void swap(many& other) noexcept { swap_bytes(other); }

    [[nodiscard]] LOOPWATCH_INLINED T* data() noexcept { return static_cast<T*>(data_); }
    [[nodiscard]] LOOPWATCH_INLINED T const* data() const noexcept { return static_cast<T const*>(data_); }
    [[nodiscard]] LOOPWATCH_INLINED T* begin() noexcept { return data(); }
    [[nodiscard]] LOOPWATCH_INLINED T const* begin() const noexcept { return data(); }
    [[nodiscard]] LOOPWATCH_INLINED T* end() noexcept { return data() + size_; }
    [[nodiscard]] LOOPWATCH_INLINED T const* end() const noexcept { return data() + size_; }
    [[nodiscard]] LOOPWATCH_INLINED T& operator[](std::size_t i) noexcept { return data()[i]; }
    [[nodiscard]] LOOPWATCH_INLINED T const& operator[](std::size_t i) const noexcept { return data()[i]; }
    [[nodiscard]] LOOPWATCH_INLINED T& back() noexcept { return data()[size_ - 1]; }
    [[nodiscard]] LOOPWATCH_INLINED T const& back() const noexcept { return data()[size_ - 1]; }

    LOOPWATCH_INLINED void reserve(std::size_t capacity)
    {
        if (capacity > capacity_) move_to(capacity);
    }
    /// The argument may be one of its own elements: it is copied before anything moves.
    LOOPWATCH_INLINED T& push_back(T value)
    {
        if (size_ == capacity_) move_to(next_capacity(4));
        T* const made = ::new (static_cast<void*>(end())) T(static_cast<T&&>(value));
        ++size_;
        return *made;
    }
    template <typename... Arguments>
    LOOPWATCH_INLINED T& emplace_back(Arguments&&... arguments)
    {
        return push_back(T(static_cast<Arguments&&>(arguments)...));
    }
    /// The elements must not be its own.
    LOOPWATCH_INLINED void append(view<T const> all)
    {
        if (size_ + all.size() > capacity_) move_to(next_capacity(size_ + all.size()));
        if constexpr (plain()) {
            if (!all.empty()) std::memcpy(static_cast<void*>(end()), all.data(), all.size() * sizeof(T));
            size_ += all.size();
        } else {
            copy_in(all);
        }
    }
    LOOPWATCH_INLINED void assign(view<T const> all)
    {
        clear();
        append(all);
    }
    LOOPWATCH_INLINED void resize(std::size_t size)
    {
        if (size < size_) shrink(size);
        reserve(size);
        while (size_ < size) {
            ::new (static_cast<void*>(end())) T{};
            ++size_;
        }
    }
    LOOPWATCH_INLINED void clear() noexcept { shrink(0); }
    LOOPWATCH_INLINED void pop_back() noexcept { shrink(size_ - 1); }

    friend bool operator==(many const& a, many const& b)
    {
        if (a.size_ != b.size_) return false;
        for (std::size_t i = 0; i < a.size_; ++i)
            if (!(a[i] == b[i])) return false;
        return true;
    }

private:
    LOOPWATCH_INLINED void shrink(std::size_t size) noexcept
    {
        if constexpr (std::is_trivially_destructible_v<T>)
            size_ = size;
        else
            destroy_to(size);
    }
    void destroy_to(std::size_t size) noexcept
    {
        while (size_ > size) data()[--size_].~T();
    }
    void copy_in(view<T const> all)
    {
        for (T const& each : all) {
            ::new (static_cast<void*>(end())) T(each);
            ++size_;
        }
    }
    LOOPWATCH_INLINED void move_to(std::size_t capacity)
    {
        static_assert(std::is_nothrow_move_constructible_v<T>);
        if constexpr (plain())
            move_bytes(capacity, sizeof(T), alignof(T));  // NOLINT(bugprone-sizeof-expression): also of pointers
        else
            move_each(capacity);
    }
    void move_each(std::size_t capacity)
    {
        T* const fresh = static_cast<T*>(allocated(capacity * sizeof(T), alignof(T)));
        for (std::size_t i = 0; i < size_; ++i) {
            ::new (static_cast<void*>(fresh + i)) T(static_cast<T&&>(data()[i]));
            data()[i].~T();
        }
        freed(data_, alignof(T));
        data_ = fresh;
        capacity_ = capacity;
    }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
