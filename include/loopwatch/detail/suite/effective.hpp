// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../options.hpp"
#include "../config.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

[[nodiscard]] inline options effective(options const& given) { return validated(given); }

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
