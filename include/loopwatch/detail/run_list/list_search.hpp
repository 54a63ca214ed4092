// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "../maybe.hpp"

#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Finds where Asio keeps the beginning of a thread's list, which it tells nobody: in the calling thread's own memory,
/// by what two elements change there that are entered for the purpose.
class list_search {
public:
    static constexpr std::size_t element_size = 3 * sizeof(void*);  // the key, the value, the next element

    /// An element was entered, with this key.
    LOOPWATCH_DECL void entered(void const* element, void const* key) noexcept;

    /// From the thread pointer. Nothing if it is elsewhere, if it is not at the same place in every thread, or if the
    /// list is not made as it is known.
    [[nodiscard]] LOOPWATCH_DECL maybe<std::ptrdiff_t> found() const noexcept;

private:
    static constexpr std::size_t most = 8;

    void look_everywhere(std::uintptr_t for_);

    std::uintptr_t places_[most]{};  // NOLINT(*-avoid-c-arrays): part of every file with a guard
    std::size_t size_{0};
    int entered_{0};
    std::uintptr_t last_{0};
    bool refuted_{false};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
