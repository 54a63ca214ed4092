// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/view.hpp"
#include "foreign_memory_linux.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A copy of a stack's innermost bytes, beginning at its red zone.
struct stack_copy {
    std::uintptr_t base{0};  // the address of the first of them
    view<std::byte const> bytes{};

    [[nodiscard]] std::uintptr_t end() const { return base + bytes.size(); }
    [[nodiscard]] bool holds(std::uintptr_t address, std::size_t size) const
    {
        return address >= base && address < end() && size <= end() - address;
    }
    /// The copy must hold the word.
    [[nodiscard]] std::uintptr_t word_at(std::uintptr_t address) const
    {
        std::uintptr_t word = 0;
        std::memcpy(&word, bytes.data() + (address - base), sizeof word);
        return word;
    }
};

/// How to treat memory that is not in the copy: the rest of a deep stack, another stack, a constant.
enum class outside_copy : std::uint8_t {
    fail,  // the thread is running: that memory may have changed since the copy was made
    read   // the thread sleeps, and the caller checks afterwards that it slept all the time
};

/// The stack as the unwinder reads it: the copy, and memory outside of it if the policy allows.
class stack_view {
public:
    stack_view(stack_copy const& copy, outside_copy policy, foreign_memory& memory)
        : copy_{copy}, outside_{policy == outside_copy::read ? &memory : nullptr}
    {
    }

    [[nodiscard]] bool copied(std::uintptr_t at, std::size_t size = sizeof(std::uint64_t)) const
    {
        std::uintptr_t const offset = at - copy_.base;
        return offset < copy_.bytes.size() && copy_.bytes.size() - offset >= size;
    }

    /// A value of up to eight bytes, zero-extended.
    [[nodiscard]] bool read(std::uintptr_t at, std::uint64_t& to, std::size_t size = sizeof(std::uint64_t)) const
    {
        std::uint64_t value = 0;
        if (copied(at, size))
            std::memcpy(&value, copy_.bytes.data() + (at - copy_.base), size);
        else if (outside_ == nullptr || !outside_->read(at, &value, size))
            return false;
        to = value;
        return true;
    }

    [[nodiscard]] stack_copy const& copy() const { return copy_; }

private:
    stack_copy copy_;
    foreign_memory* outside_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
