// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#if LOOPWATCH_HAS_FORK()
#include "../base/write_whole.hpp"
#include "log_file.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A connection to a server on this machine that takes messages, which may be started later, or anew.
class local_socket {
public:
    explicit local_socket(std::string path) : path_{std::move(path)} { static_cast<void>(connected()); }
    local_socket(local_socket const&) = delete;
    local_socket& operator=(local_socket const&) = delete;
    ~local_socket() { close(); }

    [[nodiscard]] std::string const& path() const { return path_; }

    /// False, with errno: it was not sent. Waits while the server has no room. Where the server is another one than
    /// before connects to that.
    bool sent(msghdr const& message)
    {
        if (file_ >= 0 && is_sent(message)) return true;
        bool const is_gone = file_ < 0 || errno == ECONNREFUSED || errno == ECONNRESET || errno == ENOTCONN ||
                             errno == EPIPE || errno == ENOENT;
        return is_gone && connected() && is_sent(message);
    }

    bool sent(std::string_view text)
    {
        iovec part{const_cast<char*>(text.data()), text.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        return sent(message);
    }

    /// Whether messages need ends of their own, where somebody reads them.
    [[nodiscard]] bool is_stream()
    {
        if (file_ < 0) static_cast<void>(connected());
        return is_stream_;
    }

private:
    bool is_sent(msghdr const& message) const
    {
        for (;;) {
            auto const size = ::sendmsg(file_, &message, MSG_NOSIGNAL);
            if (size < 0 && errno == EINTR) continue;
            if (size < 0) return false;
            if (!is_stream_) return true;
            std::string_view rest{static_cast<char const*>(message.msg_iov[0].iov_base), message.msg_iov[0].iov_len};
            rest.remove_prefix(static_cast<std::size_t>(size));
            return write_whole(file_, rest);
        }
    }

    bool connected()
    {
        close();
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        if (path_.size() >= sizeof at.sun_path) {
            errno = ENAMETOOLONG;
            return false;
        }
        std::memcpy(at.sun_path, path_.data(), path_.size());
        // Old system logs take a stream.
        for (bool const stream : {false, true}) {
            file_ = ::socket(AF_UNIX, stream ? SOCK_STREAM : SOCK_DGRAM, 0);
            if (file_ < 0) return false;
            ::fcntl(file_, F_SETFD, FD_CLOEXEC);
            is_stream_ = stream;
            if (::connect(file_, reinterpret_cast<sockaddr const*>(&at), sizeof at) == 0) return true;
            int const error = errno;
            close();
            errno = error;
            if (error != EPROTOTYPE) return false;
        }
        return false;
    }

    void close()
    {
        if (file_ >= 0) ::close(std::exchange(file_, -1));
    }

    std::string path_;
    int file_{-1};
    bool is_stream_{false};
};

/// As the system's logs name the program that calls.
inline std::string program_name()
{
#if LOOPWATCH_HAS_LINUX()
    return program_invocation_short_name;
#else
    return ::getprogname();
#endif
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#endif
