// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#if LOOPWATCH_HAS_FORK()
#include "../../block_notice.hpp"
#include "../base/fixed.hpp"
#include "../base/formatted.hpp"
#include "../base/process_id.hpp"
#include "local_socket.hpp"
#include "notice_text.hpp"
#include "serial_sink.hpp"

#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// <syslog.h>'s LOG_CRIT, LOG_ERR and LOG_WARNING, which are macros.
inline int syslog_priority(severity how_bad)
{
    return how_bad == severity::critical ? 2 : how_bad == severity::error ? 3 : 4;
}

/// The local time as the system's log has it, in English whatever the locale: "Nov  8 07:50:55".
inline std::string syslog_time(std::time_t now)
{
    constexpr fixed<char const*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm local{};
    ::localtime_r(&now, &local);
    return formatted("{} {:2} {:02}:{:02}:{:02}", {months[static_cast<std::size_t>(local.tm_mon)], local.tm_mday,
                                                   local.tm_hour, local.tm_min, local.tm_sec});
}

/// Writes to the socket of the system's log what the C library's syslog() writes.
class syslog_sink final : public serial_sink {
public:
    syslog_sink(std::string path, std::string identifier, int facility)
        : socket_{std::move(path)},
          identifier_{identifier.empty() ? program_name() : std::move(identifier)},
          facility_{facility & 0x3f8}
    {
    }

private:
    void write_one(block_notice const& notice) override
    {
        std::string text = formatted("<{}>{} {}[{}]: ", {facility_ | syslog_priority(notice.severity),
                                                         syslog_time(std::time(nullptr)), identifier_, process_id()});
        text += line_of(notice);
        text.pop_back();  // its line end
        if (socket_.is_stream()) text += '\0';
        if (!socket_.sent(text)) throw_errno("write to", socket_.path());
    }

    local_socket socket_;
    std::string identifier_;
    int facility_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#endif
