// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../detail/config.hpp"
#include "../../monitor_sink.hpp"
#include "../../to_rotating_file.hpp"
#include "../monitor/logged_text.hpp"
#include "../monitor/notice_json.hpp"
#include "../monitor/rotating_sink.hpp"

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

LOOPWATCH_DECL monitor_sink to_rotating_file(std::string path, std::uint64_t max_size, unsigned max_files,
                                             notice_format format)
{
    if (max_size == 0) throw std::invalid_argument{"loopwatch: to_rotating_file: max_size = 0: must be 1 or more"};
    if (max_files == 0) throw std::invalid_argument{"loopwatch: to_rotating_file: max_files = 0: must be 1 or more"};
    detail::rotating_sink::format how = [](block_notice const& notice) { return detail::logged_text(notice, false); };
    if (format == notice_format::json_lines)
        how = [](block_notice const& notice) { return detail::json_of(notice) + '\n'; };
    return std::make_shared<detail::rotating_sink>(std::move(path), max_size, max_files, how);
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
