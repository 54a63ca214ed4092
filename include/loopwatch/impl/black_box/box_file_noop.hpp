// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "box_layout.hpp"
#include "box_recorder.hpp"

#include <string>
#include <system_error>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// On a platform without memory-mapped files that we know.
[[noreturn]] inline shared<box_recorder> new_box(std::string const& file, box_layout const&)
{
    throw std::system_error{std::make_error_code(std::errc::function_not_supported),
                            "loopwatch: black box " + file + ": not on this platform"};
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
