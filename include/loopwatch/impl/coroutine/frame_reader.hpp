// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/coroutine/awaitable_layout.hpp"
#include "../base/fixed.hpp"
#include "../base/view.hpp"
#include "../unwind/stack_view.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A copy of what matters in the frame of a coroutine that returns an asio::awaitable.
struct coroutine_frame {
    std::uintptr_t address{0};
    std::uintptr_t promise{0};
    std::uintptr_t resume{0};  // the start of its function; 0 once it has finished
    std::uintptr_t destroy{0};
    std::uintptr_t attached_thread{0};
    std::uintptr_t caller{0};
};

/// Reads memory that may be a coroutine frame. For the watchdog: never faults or allocates, and makes a limited number
/// of reads.
template <typename Memory>
class frame_reader {
public:
    static constexpr std::size_t alignment = 16;  // of memory from operator new, and so of every frame

    // In gcc and clang a frame begins with two pointers, followed by its promise at the next offset that its alignment
    // allows.
    static constexpr fixed<std::uintptr_t, 4> promise_offsets{16, 32, 64, 128};

    /// Failed reads have a lower limit: each costs a system call, and many mean that the copy is not just a stack.
    frame_reader(stack_copy const& stack, Memory memory, std::size_t reads_at_most, std::size_t failures_at_most)
        : stack_{stack}, memory_{memory}, reads_left_{reads_at_most}, failures_left_{failures_at_most}
    {
    }

    void use(awaitable_layout layout) { layout_ = layout; }
    [[nodiscard]] bool exhausted() const { return reads_left_ == 0 || failures_left_ == 0; }

    /// Whether a coroutine frame is at `address`.
    bool at_frame(std::uintptr_t address, coroutine_frame& to)
    {
        buffer near{};
        std::size_t const got = load(address, near);
        return as_frame(address, near, got, to);
    }

    /// Whether a promise is at `address`, as pointers to callers are.
    bool at_promise(std::uintptr_t address, coroutine_frame& to)
    {
        buffer near{};
        std::size_t const got = load(address, near);
        return as_promise(address, near, got, to);
    }

    /// Whether one or the other is at `address`: a thread that runs a coroutine may hold a pointer to either.
    bool at_either(std::uintptr_t address, coroutine_frame& to)
    {
        buffer near{};
        std::size_t const got = load(address, near);
        return as_frame(address, near, got, to) || as_promise(address, near, got, to);
    }

    /// Reads one word. False if `address` is not readable.
    bool word(std::uintptr_t address, std::uintptr_t& to)
    {
        if (stack_.holds(address, sizeof to)) {
            to = stack_.word_at(address);
            return true;
        }
        fixed<std::byte, sizeof to> bytes{};
        if (read(address, bytes) != sizeof to) return false;
        std::memcpy(&to, bytes.data(), sizeof to);
        return true;
    }

    /// Whether `address` could be that of a frame or a promise.
    [[nodiscard]] static bool plausible(std::uintptr_t address)
    {
        return address % alignment == 0 && address >= 0x10000 && address < std::uintptr_t{1} << 56;
    }

private:
    using buffer = fixed<std::byte, 256>;

    std::size_t read(std::uintptr_t from, view<std::byte> to)
    {
        if (exhausted()) return 0;
        --reads_left_;
        std::size_t const got = memory_(from, to);
        if (got == 0) --failures_left_;
        return got;
    }

    /// Reads as many bytes as the largest frame needs. Fewer may be readable: a frame may end where its page does.
    std::size_t load(std::uintptr_t address, buffer& to)
    {
        if (!plausible(address)) return 0;
        std::size_t const wanted = promise_offsets[promise_offsets.size() - 1] + promise_extent();
        return wanted <= to.size() ? read(address, view{to}.first(wanted)) : 0;
    }

    [[nodiscard]] std::size_t promise_extent() const
    {
        return std::size_t{std::max({layout_.handle, layout_.attached_thread, layout_.caller})} +
               sizeof(std::uintptr_t);
    }

    static std::uintptr_t word_in(buffer const& bytes, std::size_t offset)
    {
        std::uintptr_t word = 0;
        std::memcpy(&word, bytes.data() + offset, sizeof word);
        return word;
    }

    void take_promise(buffer const& bytes, std::size_t offset, coroutine_frame& to) const
    {
        to.attached_thread = word_in(bytes, offset + layout_.attached_thread);
        to.caller = word_in(bytes, offset + layout_.caller);
    }

    /// Several offsets may look like a promise: the gap before a promise of larger alignment holds stale data, often of
    /// another frame, and a promise is followed by other words of its frame. An attached one is preferred: it runs.
    bool as_frame(std::uintptr_t address, buffer const& bytes, std::size_t got, coroutine_frame& to) const
    {
        bool found = false;
        for (std::uintptr_t const offset : promise_offsets) {
            if (offset + promise_extent() > got) break;
            if (word_in(bytes, offset + layout_.handle) != address) continue;
            coroutine_frame one{.address = address,
                                .promise = address + offset,
                                .resume = word_in(bytes, 0),
                                .destroy = word_in(bytes, sizeof(std::uintptr_t))};
            take_promise(bytes, offset, one);
            if (!found || one.attached_thread != 0) to = one;
            if (one.attached_thread != 0) return true;
            found = true;
        }
        return found;
    }

    bool as_promise(std::uintptr_t address, buffer const& bytes, std::size_t got, coroutine_frame& to)
    {
        if (promise_extent() > got) return false;
        std::uintptr_t const frame = word_in(bytes, layout_.handle);
        if (!plausible(frame)) return false;
        if (!contains(promise_offsets, address - frame)) return false;
        to.address = frame;
        to.promise = address;
        take_promise(bytes, 0, to);
        fixed<std::byte, 2 * sizeof(std::uintptr_t)> pointers{};
        if (read(frame, pointers) != pointers.size()) return false;
        std::memcpy(&to.resume, pointers.data(), sizeof to.resume);
        std::memcpy(&to.destroy, pointers.data() + sizeof to.resume, sizeof to.destroy);
        return true;
    }

    stack_copy const& stack_;
    Memory memory_;
    std::size_t reads_left_;
    std::size_t failures_left_;
    awaitable_layout layout_{};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
