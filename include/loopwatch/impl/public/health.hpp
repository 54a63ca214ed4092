// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../health.hpp"
#include "../monitor/health_text.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

LOOPWATCH_DECL std::string to_string(health_report const& report) { return detail::health_text(report); }

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
