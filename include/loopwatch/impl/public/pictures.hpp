// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../pictures.hpp"
#include "../../recording.hpp"
#include "../pictures/chrome_trace.hpp"
#include "../pictures/folded_stacks.hpp"
#include "../pictures/html_text.hpp"
#include "../pictures/speedscope_profile.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

LOOPWATCH_DECL std::string html_page(recording const& what) { return detail::html_text(what); }
LOOPWATCH_DECL std::string speedscope(recording const& what) { return detail::speedscope_profile(what); }
LOOPWATCH_DECL std::string folded_stacks(recording const& what) { return detail::folded_stacks_text(what); }
LOOPWATCH_DECL std::string chrome_trace(recording const& what) { return detail::chrome_trace_text(what); }

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
