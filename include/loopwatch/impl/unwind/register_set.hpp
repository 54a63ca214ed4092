// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/fixed.hpp"

#include <cstdint>
#include <type_traits>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The registers of one frame, by their DWARF numbers, which Machine defines. Some of them may be unknown.
template <typename Machine>
class register_set {
public:
    using machine = Machine;

    [[nodiscard]] bool knows(std::uint64_t number) const
    {
        return number < Machine::register_count && (known_ >> number & 1) != 0;
    }
    /// The register must be known.
    [[nodiscard]] std::uint64_t operator[](std::uint64_t number) const { return values_[number]; }

    void set(unsigned number, std::uint64_t value)
    {
        values_[number] = value;
        known_ |= std::uint64_t{1} << number;
    }
    void forget(unsigned number) { known_ &= ~(std::uint64_t{1} << number); }

    [[nodiscard]] std::uintptr_t pc() const { return values_[Machine::program_counter]; }
    [[nodiscard]] std::uintptr_t sp() const { return values_[Machine::stack_pointer]; }
    [[nodiscard]] std::uintptr_t fp() const { return values_[Machine::frame_pointer]; }
    [[nodiscard]] bool knows_fp() const { return knows(Machine::frame_pointer); }
    [[nodiscard]] bool knows_sp() const { return knows(Machine::stack_pointer); }

private:
    static_assert(Machine::register_count <= 64);
    fixed<std::uint64_t, Machine::register_count> values_{};
    std::uint64_t known_{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
