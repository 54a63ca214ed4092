// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../version.hpp"
#include "formatted.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The library's: "0.2.0".
inline std::string version_text()
{
    return formatted("{}.{}.{}", {LOOPWATCH_VERSION_MAJOR, LOOPWATCH_VERSION_MINOR, LOOPWATCH_VERSION_PATCH});
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
