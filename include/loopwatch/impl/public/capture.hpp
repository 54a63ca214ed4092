// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../capture.hpp"
#include "../../detail/config.hpp"
#include "../capture/capture.hpp"
#include "../watch/runtime.hpp"

#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

LOOPWATCH_DECL capture_ability can_capture()
{
    detail::runtime::get().wait_until_ready();
    auto why_not = detail::why_no_capture();
    return {why_not.empty(), std::move(why_not)};
}

LOOPWATCH_DECL void use_capture_signal(int signal) { detail::choose_capture_signal(signal); }

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
