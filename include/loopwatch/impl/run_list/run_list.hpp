// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/run_list/scheduler_identity.hpp"
#include "../base/fixed.hpp"

#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The loops that a thread runs, as Asio keeps them in a list: the innermost first.
struct run_list {
    static constexpr std::size_t most = 16;

    struct element {
        std::uintptr_t at{0};  // its address, in the stack frame of run(), poll() or the like
        std::uintptr_t scheduler{0};
    };
    fixed<element, most> elements{};
    std::size_t size{0};
    bool whole{false};  // it was read to its end

    [[nodiscard]] element const* find(std::uintptr_t scheduler) const
    {
        for (std::size_t i = 0; i < size; ++i)
            if (elements[i].scheduler == scheduler) return &elements[i];
        return nullptr;
    }

    /// The loop that it runs outside of all others; 0: it runs none.
    [[nodiscard]] std::uintptr_t outermost() const { return size > 0 ? elements[size - 1].scheduler : 0; }

    /// The outermost call that runs this loop, by the address of its element; 0: there is none.
    [[nodiscard]] std::uintptr_t outermost_call(std::uintptr_t scheduler) const
    {
        std::uintptr_t found = 0;
        for (std::size_t i = 0; i < size; ++i)
            if (elements[i].scheduler == scheduler) found = elements[i].at;
        return found;
    }
};

/// Follows a list from the address of its first element. `read(address, words)` reads the three words of an element
/// (scheduler, value, next), or returns false.
template <typename Read>
run_list follow_run_list(std::uintptr_t first, Read const& read)
{
    run_list list;
    for (std::uintptr_t at = first; list.size < run_list::most;) {
        if (at == 0) {
            list.whole = true;
            break;
        }
        fixed<std::uintptr_t, 3> words{};
        if (!read(at, words)) break;
        list.elements[list.size++] = {at, words[0]};
        at = words[2];
    }
    return list;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
