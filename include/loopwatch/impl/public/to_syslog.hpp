// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../monitor_sink.hpp"
#include "../../to_syslog.hpp"
#include "../monitor/syslog_sink.hpp"

#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

#if LOOPWATCH_HAS_FORK()
LOOPWATCH_DECL monitor_sink to_syslog(std::string identifier, int facility)
{
    return std::make_shared<detail::syslog_sink>("/dev/log", std::move(identifier), facility);
}
#else
LOOPWATCH_DECL monitor_sink to_syslog(std::string, int)
{
    throw std::system_error{std::make_error_code(std::errc::not_supported), "loopwatch: can't connect to /dev/log"};
}
#endif

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
