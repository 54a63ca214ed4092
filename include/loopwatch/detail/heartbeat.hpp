// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "config.hpp"

#include <cstddef>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

class pulse;  // the record that a heartbeat writes when it runs, and its memory

LOOPWATCH_DECL void retain(pulse& p) noexcept;
LOOPWATCH_DECL void release(pulse& p) noexcept;  // the last release frees it

/// A counted reference to a pulse. Not a std::shared_ptr, which every file with a guard would compile anew: that was a
/// third of what a guard adds to an object file.
class pulse_ref {
public:
    LOOPWATCH_INLINED pulse_ref() noexcept {}
    LOOPWATCH_INLINED explicit pulse_ref(pulse* owned) noexcept : pulse_{owned} {}
    LOOPWATCH_INLINED pulse_ref(pulse_ref const& other) noexcept : pulse_{other.pulse_}
    {
        if (pulse_ != nullptr) retain(*pulse_);
    }
    LOOPWATCH_INLINED pulse_ref(pulse_ref&& other) noexcept : pulse_{other.pulse_} { other.pulse_ = nullptr; }
    pulse_ref& operator=(pulse_ref const&) = delete;
    pulse_ref& operator=(pulse_ref&&) = delete;
    ~pulse_ref()
    {
        if (pulse_ != nullptr) release(*pulse_);
    }

    [[nodiscard]] LOOPWATCH_INLINED pulse& operator*() const noexcept { return *pulse_; }
    [[nodiscard]] LOOPWATCH_INLINED pulse* operator->() const noexcept { return pulse_; }
    LOOPWATCH_INLINED explicit operator bool() const noexcept { return pulse_ != nullptr; }
    LOOPWATCH_INLINED friend bool operator==(pulse_ref const& a, pulse_ref const& b) noexcept
    {
        return a.pulse_ == b.pulse_;
    }

private:
    pulse* pulse_{nullptr};
};

/// Called when the heartbeat runs, on the loop's thread. Takes 100 ns, unless it has to ring the doorbell.
LOOPWATCH_DECL void beat(pulse& p) noexcept;

/// Called when the heartbeat is destroyed without having run.
LOOPWATCH_DECL void lost(pulse& p) noexcept;

/// Memory for a heartbeat's operation, in the pulse or, if it does not fit, on the heap. Throws: std::bad_alloc.
[[nodiscard]] LOOPWATCH_DECL void* allocate_in(pulse& p, std::size_t size);
LOOPWATCH_DECL void deallocate_in(pulse& p, void* memory) noexcept;

/// The associated allocator of a heartbeat. It holds a pulse_ref, as a loop frees an operation after it has destroyed
/// the handler inside.
template <typename T>
class heartbeat_allocator {
public:
    using value_type = T;

    LOOPWATCH_INLINED explicit heartbeat_allocator(pulse_ref p) noexcept : pulse_{static_cast<pulse_ref&&>(p)} {}
    template <typename U>
    LOOPWATCH_INLINED heartbeat_allocator(heartbeat_allocator<U> const& other) noexcept : pulse_{other.pulse_}
    {
    }

    LOOPWATCH_INLINED T* allocate(std::size_t n)
    {
        static_assert(alignof(T) <= alignof(std::max_align_t));
        return static_cast<T*>(allocate_in(*pulse_, n * sizeof(T)));
    }
    LOOPWATCH_INLINED void deallocate(T* memory, std::size_t) noexcept { deallocate_in(*pulse_, memory); }

    template <typename U>
    LOOPWATCH_INLINED friend bool operator==(heartbeat_allocator const& a, heartbeat_allocator<U> const& b) noexcept
    {
        return a.pulse_ == b.pulse_;
    }

private:
    template <typename U>
    friend class heartbeat_allocator;
    pulse_ref pulse_;
};

/// The handler that is posted. `Associated` is a type of the loop's Asio library: by it argument-dependent lookup finds
/// that library's post(), even if the executor's type is in the user's own namespace.
template <typename Associated>
class heartbeat {
public:
    using allocator_type = heartbeat_allocator<void>;

    LOOPWATCH_INLINED explicit heartbeat(pulse_ref p) noexcept : pulse_{static_cast<pulse_ref&&>(p)} {}
    heartbeat(heartbeat&&) noexcept = default;
    heartbeat(heartbeat const&) = delete;
    heartbeat& operator=(heartbeat&&) = delete;
    heartbeat& operator=(heartbeat const&) = delete;
    ~heartbeat()
    {
        if (pulse_) lost(*pulse_);
    }

    [[nodiscard]] LOOPWATCH_INLINED allocator_type get_allocator() const noexcept { return allocator_type{pulse_}; }

    void operator()() noexcept
    {
        pulse_ref const p{static_cast<pulse_ref&&>(pulse_)};
        if (p) beat(*p);
    }

private:
    pulse_ref pulse_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
