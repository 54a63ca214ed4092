// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../version.hpp"
#include "../base/formatted.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What wrote a file: "loopwatch 0.2.0".
inline std::string exporter_text()
{
    return formatted("loopwatch {}.{}.{}", {LOOPWATCH_VERSION_MAJOR, LOOPWATCH_VERSION_MINOR, LOOPWATCH_VERSION_PATCH});
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
