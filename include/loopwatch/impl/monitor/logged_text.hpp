// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../detail/config.hpp"
#include "../base/utc_text.hpp"
#include "../report/text/layout.hpp"
#include "notice_text.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A notice for a file of text: when the block began, and the notice as text. Throws: std::bad_alloc.
inline std::string logged_text(block_notice const& notice, bool all_frames)
{
    return utc_text(notice.report.began_at) + ' ' + text_of(notice, wide_layout(all_frames));
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
