// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/version_text.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What wrote a file: "loopwatch 0.2.0".
inline std::string exporter_text() { return "loopwatch " + version_text(); }

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
