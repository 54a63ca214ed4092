// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../../detail/run_list/scheduler_identity.hpp"
#include "../platform/thread.hpp"
#include "run_list.hpp"

#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

inline std::uintptr_t call_here(scheduler_identity const&) noexcept { return 0; }
inline scheduler_identity strand_here(scheduler_identity const&, bool) noexcept { return {}; }
inline bool is_in(scheduler_identity const&, std::uintptr_t) noexcept { return false; }
inline maybe<std::ptrdiff_t> list_with(scheduler_identity const&) noexcept { return nothing; }

/// Nothing is known on this platform, where loops have no known identity either.
class run_lists {
public:
    static run_lists& shared()
    {
        static run_lists one;
        return one;
    }
    [[nodiscard]] maybe<std::uintptr_t> first_of(thread_number, scheduler_identity const&) const { return nothing; }
    [[nodiscard]] run_list of(thread_number, scheduler_identity const&) const { return {}; }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
