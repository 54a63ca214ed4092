// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "../maybe.hpp"

#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Finds the thread-local variable with the head of a thread's list of loops, which Asio does not expose. Two elements
/// are entered for this purpose; the variable is the place in the thread's memory that changes to point to them.
class list_search {
public:
    static constexpr std::size_t element_size = 3 * sizeof(void*);  // the key, the value, the next element

    /// Notes that an element was entered, with this key.
    LOOPWATCH_DECL void entered(void const* element, void const* key) noexcept;

    /// The variable's offset from the thread pointer. Empty if it was not found, if its offset differs between threads,
    /// or if the list's elements are not as expected.
    [[nodiscard]] LOOPWATCH_DECL maybe<std::ptrdiff_t> found() const noexcept;

private:
    static constexpr std::size_t most = 8;

    void look_everywhere(std::uintptr_t for_);

    std::uintptr_t places_[most]{};  // NOLINT(*-avoid-c-arrays): compiled in every file with a guard
    std::size_t size_{0};
    int entered_{0};
    std::uintptr_t last_{0};
    bool refuted_{false};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
