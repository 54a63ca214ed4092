// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../evidence/reading.hpp"
#include "../platform/thread.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

// What the watchdog reads of a thread's handlers, as plain values: names are the reporter's affair.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A copy of one of Asio's texts: the module that it is in may be unloaded before the block is reported. Of a long one,
/// which only a file's path is, the end.
template <std::size_t N>
class copied_text : public short_text<N> {
public:
    constexpr copied_text() = default;
    constexpr copied_text(char const* from)
    {
        if (from == nullptr) return;
        std::string_view const all{from};
        short_text<N>::operator=(all.substr(all.size() > N ? all.size() - N : 0));
    }

    friend constexpr bool operator==(copied_text const& a, std::nullptr_t) { return a.empty(); }
};

/// A running handler, as it was read at the deadline: exact::running_handler.
struct handler_facts {
    bool known{false};
    thread_number thread{0};      // that runs it; 0: not known
    std::uint32_t type{0};        // a place in exact::state.names; 0: one of those beyond the last
    copied_text<24> object_type;  // "" as null in running_handler: of what is run at once
    copied_text<48> operation;
    std::uintptr_t object{0};
    std::int64_t native{-1};  // -1: the operation has none
    copied_text<255> file;
    std::uint32_t line{0};
    nanoseconds started_before{-1};  // from its start to its run; < 0: not known
    nanoseconds queued{-1};          // from when it was ready; likewise
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
