// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../options.hpp"
#include "../config.hpp"
#include "../environment.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What is watched with: the options of the code, and over them those of the environment.
///
/// Throws: std::invalid_argument that names what is wrong.
[[nodiscard]] inline options effective(options const& given) { return validated(with_environment(given)); }

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
