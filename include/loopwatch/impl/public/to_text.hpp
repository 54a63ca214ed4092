// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../detail/config.hpp"
#include "../../monitor_sink.hpp"
#include "../../to_text.hpp"
#include "../monitor/file_sink.hpp"
#include "../monitor/logged_text.hpp"

#include <memory>
#include <string>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

LOOPWATCH_DECL monitor_sink to_text_file(std::string path, bool all_frames)
{
    auto const format = [all_frames](block_notice const& notice) { return detail::logged_text(notice, all_frames); };
    return std::make_shared<detail::file_sink<decltype(format)>>(std::move(path), format);
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
