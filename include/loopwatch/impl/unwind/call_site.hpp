// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// How well the instruction before a return address explains that a given function runs.
enum class call_site : std::uint8_t {
    none,       // there is no call
    elsewhere,  // it calls another function: normal after a tail call, and in a function's cold part
    indirect,   // it calls through a pointer
    exact       // it calls this function
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
