// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../detail/config.hpp"
#include "../monitor/notice_text.hpp"
#include "../report/text/layout.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

LOOPWATCH_DECL std::string to_string(block_notice const& notice, bool all_frames)
{
    return detail::text_of(notice, detail::wide_layout(all_frames));
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
