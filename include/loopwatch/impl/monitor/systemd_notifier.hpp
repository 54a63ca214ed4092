// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/keep_loaded.hpp"
#include "../../detail/maybe.hpp"
#include "../../detail/monitor_view.hpp"
#include "../../detail/shared.hpp"
#include "../base/clock.hpp"
#include "../base/process_id.hpp"
#include "../platform/thread.hpp"
#include "systemd_settings.hpp"

#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <system_error>

#if LOOPWATCH_HAS_LINUX()
#include <sys/socket.h>
#include <unistd.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

#if LOOPWATCH_HAS_LINUX()

/// A thread that tells systemd every now and then that no loop is stuck.
class systemd_notifier : public counted {
public:
    systemd_notifier(monitor const& of, nanoseconds timeout, socket_name const& to)
        : view_{of}, timeout_{timeout}, to_{to}, socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)}
    {
        if (socket_ < 0)
            throw std::system_error{errno, std::generic_category(), "loopwatch: can't make a socket for systemd"};
    }
    systemd_notifier(systemd_notifier const&) = delete;
    systemd_notifier& operator=(systemd_notifier const&) = delete;
    ~systemd_notifier() { ::close(socket_); }

    [[nodiscard]] nanoseconds interval() const { return timeout_ / 2; }
    [[nodiscard]] bool is_here() const { return process_ == process_id(); }

    void start()
    {
        keep_loaded(reinterpret_cast<void const*>(&watchdog_timeout));  // the code that the thread will run
        background_thread{"loopwatch-alive", [self = shared<systemd_notifier>{this}] { self->run(); }}.detach();
    }

    /// Once it has returned nothing is sent any more.
    void stop() noexcept
    {
        {
            std::lock_guard const hold{mutex_};
            stopped_ = true;
        }
        woken_.notify_one();
    }

private:
    void run()
    {
        std::unique_lock hold{mutex_};
        while (!stopped_) {
            // While a loop is stuck, or systemd does not read, it asks more often: what was missed is made up for.
            bool const sent = view_.all_fresh(timeout_ / 4) && send();
            woken_.wait_for(hold, sent ? interval() : timeout_ / 20, [this] { return stopped_; });
        }
    }

    /// Waits for nobody, so it may be done with the mutex held.
    [[nodiscard]] bool send() const
    {
        constexpr std::string_view alive = "WATCHDOG=1";
        auto const* const address = reinterpret_cast<sockaddr const*>(&to_.address);
        return ::sendto(socket_, alive.data(), alive.size(), MSG_NOSIGNAL | MSG_DONTWAIT, address, to_.size) >= 0;
    }

    std::int64_t const process_{process_id()};
    monitor_view const view_;
    nanoseconds const timeout_;
    socket_name const to_;
    int const socket_;
    std::mutex mutex_;
    std::condition_variable woken_;
    bool stopped_{false};
};

#else

/// There is no systemd.
class systemd_notifier : public counted {
public:
    [[nodiscard]] static nanoseconds interval() { return {}; }
    [[nodiscard]] static bool is_here() { return true; }
    void stop() noexcept {}
};

#endif

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
