// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../monitor_sink.hpp"
#include "../../to_journald.hpp"
#include "../monitor/journal_sink.hpp"

#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

#if LOOPWATCH_HAS_LINUX()
LOOPWATCH_DECL monitor_sink to_journald(std::string identifier)
{
    return std::make_shared<detail::journal_sink>("/run/systemd/journal/socket", std::move(identifier));
}
#else
LOOPWATCH_DECL monitor_sink to_journald(std::string)
{
    throw std::system_error{std::make_error_code(std::errc::not_supported),
                            "loopwatch: can't connect to /run/systemd/journal/socket"};
}
#endif

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
