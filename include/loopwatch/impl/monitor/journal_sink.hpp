// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#if LOOPWATCH_HAS_LINUX()
#include "../../block_notice.hpp"
#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../base/fixed.hpp"
#include "../base/formatted.hpp"
#include "../base/write_whole.hpp"
#include "../report/text/layout.hpp"
#include "local_socket.hpp"
#include "notice_attributes.hpp"
#include "notice_text.hpp"
#include "serial_sink.hpp"
#include "syslog_sink.hpp"

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The fields of a journal's entry, as its protocol has them: "NAME=text\n", or where the text has line ends "NAME\n",
/// the text's size in 64 bits, little-endian, the text, "\n" (systemd.io/JOURNAL_NATIVE_PROTOCOL).
class journal_entry {
public:
    /// Nothing if the text is empty.
    void put(std::string_view name, std::string_view text)
    {
        if (text.empty()) return;
        bytes_ += name;
        if (text.find('\n') == text.npos) {
            bytes_ += '=';
        } else {
            bytes_ += '\n';
            for (int shift = 0; shift < 64; shift += 8)
                bytes_ += static_cast<char>(static_cast<std::uint64_t>(text.size()) >> shift & 0xff);
        }
        bytes_ += text;
        bytes_ += '\n';
    }
    void put(std::string_view name, long long number) { put(name, std::string_view{formatted("{}", {number})}); }

    [[nodiscard]] std::string const& bytes() const { return bytes_; }

private:
    std::string bytes_;
};

inline long long microseconds_of(std::chrono::nanoseconds d) { return d.count() / 1000; }

/// Throws: std::bad_alloc.
inline journal_entry entry_of(block_notice const& notice, std::string_view identifier)
{
    block_report const& r = notice.report;
    std::string text = text_of(notice, wide_layout(false));
    text.pop_back();  // its line end
    journal_entry entry;
    entry.put("MESSAGE", text);
    entry.put("MESSAGE_ID", "5f2c1d0e8a6b4b7c9d3e70a4c1b86f25");
    entry.put("PRIORITY", syslog_priority(notice.severity));
    entry.put("SYSLOG_IDENTIFIER", identifier);
    if (r.thread_id != 0) entry.put("TID", static_cast<long long>(r.thread_id));
    if (frame const* const culprit = r.culprit()) {
        entry.put("CODE_FUNC", code_function_name(*culprit));
        entry.put("CODE_FILE", culprit->file);
        if (culprit->line != 0) entry.put("CODE_LINE", static_cast<long long>(culprit->line));
    }
    entry.put("LOOPWATCH_LOOP", r.loop);
    entry.put("LOOPWATCH_CAUSE", to_string(r.cause));
    entry.put("LOOPWATCH_EVIDENCE", r.evidence);
    entry.put("LOOPWATCH_DURATION_USEC", microseconds_of(r.duration));
    entry.put("LOOPWATCH_THRESHOLD_USEC", microseconds_of(r.threshold));
    entry.put("LOOPWATCH_ENDED", r.ended ? "1" : "0");
    entry.put("LOOPWATCH_NUMBER", static_cast<long long>(r.number));
    entry.put("LOOPWATCH_THREAD", r.thread_name);
    entry.put("LOOPWATCH_OPERATION", r.handler.operation);
    entry.put("LOOPWATCH_HANDLER", shortened(r.handler.completion_handler, 200));
    entry.put("LOOPWATCH_PEER", r.handler.peer);
    entry.put("LOOPWATCH_EXCUSE", r.excuse);
    entry.put("LOOPWATCH_FIX", r.fix);
    entry.put("LOOPWATCH_TELLING", to_string(notice.telling));
    entry.put("LOOPWATCH_COUNT", static_cast<long long>(notice.count));
    entry.put("LOOPWATCH_TOTAL_USEC", microseconds_of(notice.total));
    entry.put("LOOPWATCH_LONGEST_USEC", microseconds_of(notice.longest));
    entry.put("LOOPWATCH_HELD_BACK", static_cast<long long>(notice.held_back));
    return entry;
}

class journal_sink final : public serial_sink {
public:
    journal_sink(std::string path, std::string identifier)
        : socket_{std::move(path)}, identifier_{identifier.empty() ? program_name() : std::move(identifier)}
    {
    }

private:
    void write_one(block_notice const& notice) override
    {
        journal_entry const entry = entry_of(notice, identifier_);
        if (socket_.sent(entry.bytes())) return;
        bool const is_large = errno == EMSGSIZE || errno == ENOBUFS;
        if (!is_large || !sent_as_file(entry.bytes())) throw_errno("write to", socket_.path());
    }

    /// What is too large for a message is sent as a sealed file in memory.
    bool sent_as_file(std::string_view bytes)
    {
        int const file = ::memfd_create("loopwatch-journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (file < 0) return false;
        bool const sent = write_whole(file, bytes) &&
                          ::fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0 &&
                          sent_descriptor(file);
        int const error = errno;
        ::close(file);
        errno = error;
        return sent;
    }

    bool sent_descriptor(int file)
    {
        alignas(cmsghdr) fixed<char, CMSG_SPACE(sizeof(int))> control{};
        msghdr message{};
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* const head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof file);
        std::memcpy(CMSG_DATA(head), &file, sizeof file);
        return socket_.sent(message);
    }

    local_socket socket_;
    std::string identifier_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#endif
