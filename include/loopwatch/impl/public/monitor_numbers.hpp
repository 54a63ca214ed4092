// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../monitor_numbers.hpp"
#include "../monitor/prometheus_text.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

LOOPWATCH_DECL std::string to_prometheus(monitor_numbers const& numbers) { return detail::prometheus_text(numbers); }

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
