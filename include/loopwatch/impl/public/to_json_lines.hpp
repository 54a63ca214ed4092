// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../detail/config.hpp"
#include "../../monitor_sink.hpp"
#include "../../to_json_lines.hpp"
#include "../monitor/file_sink.hpp"
#include "../monitor/notice_json.hpp"

#include <memory>
#include <string>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

LOOPWATCH_DECL std::string to_json(block_notice const& notice) { return detail::json_of(notice); }

LOOPWATCH_DECL monitor_sink to_json_lines(std::string path)
{
    auto const format = [](block_notice const& notice) { return detail::json_of(notice) + '\n'; };
    return std::make_shared<detail::file_sink<decltype(format)>>(std::move(path), format);
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
