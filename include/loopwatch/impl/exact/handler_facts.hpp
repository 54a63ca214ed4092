// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../evidence/reading.hpp"
#include "../platform/thread.hpp"

#include <cstdint>
#include <type_traits>

// What the watchdog reads of a thread's handlers, as plain values: names are the reporter's affair.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A running handler, as it was read at the deadline: exact::running_handler.
struct handler_facts {
    bool known{false};
    thread_number thread{0};           // that runs it; 0: not known
    std::uint32_t type{0};             // a place in exact::state.names; 0: one of those beyond the last
    char const* object_type{nullptr};  // null as in running_handler: of what is run at once
    char const* operation{nullptr};
    std::uintptr_t object{0};
    std::int64_t native{-1};  // -1: the operation has none
    char const* file{nullptr};
    std::uint32_t line{0};
    nanoseconds started_before{-1};  // from its start to its run; < 0: not known
    descriptor_reading descriptor;   // of `native`; its number is < 0 if there is none
};
static_assert(std::is_trivially_copyable_v<handler_facts>);

/// How many handlers of a type ran.
struct type_count {
    std::uint32_t type{0};
    std::uint64_t count{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
