// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What kind of call stands before a return address, with respect to a given callee.
enum class call_site : std::uint8_t {
    none,       // no call
    elsewhere,  // a call of another function: normal after a tail call, and in a function's cold part
    indirect,   // a call through a pointer
    exact       // a call of this function
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
