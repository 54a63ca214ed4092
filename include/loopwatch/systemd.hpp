// SPDX-License-Identifier: BSL-1.0
#pragma once

/// \file
/// For services that systemd restarts if they hang (WatchdogSec=): a stuck loop is one that hangs.

#include "detail/public_begin.hpp"

#include "detail/config.hpp"
#include "detail/shared.hpp"
#include "monitor.hpp"

#include <chrono>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

namespace detail {

class systemd_notifier;

}  // namespace detail

/// Tells systemd that the service is alive for as long as no loop of a monitor is stuck.
///
///     loopwatch::monitor monitor{...};
///     loopwatch::systemd_watchdog alive{monitor};
///
/// Sends WATCHDOG=1 to $NOTIFY_SOCKET every half of $WATCHDOG_USEC, as long as no loop has been blocked for longer than
/// a quarter of it, and nothing while one has; again as soon as that one answers. So with WatchdogSec=20 systemd ends a
/// service whose loop is stuck for 15 to 25 seconds, and none whose loops are blocked for less than 15. READY, STATUS
/// and the rest are the service's own business: sd_notify() and this do not disturb each other.
///
/// Where systemd asks for nothing, as $WATCHDOG_USEC is not set or $WATCHDOG_PID is another process, it has no thread
/// and does nothing. Else it has one of its own, that sleeps. Needs no library of systemd's. It may outlive the
/// monitor, and then says that the service is alive. In the child of a fork it does nothing.
///
/// Thread safety: one object on one thread at a time. Its destructor and moves throw nothing.
class systemd_watchdog {
public:
    /// Reads the environment. Throws: std::system_error if the thread can't be started or there is no socket to be had;
    /// std::bad_alloc.
    explicit systemd_watchdog(monitor const& of);

    systemd_watchdog(systemd_watchdog const&) = delete;
    systemd_watchdog& operator=(systemd_watchdog const&) = delete;

    /// `other` then sends nothing. Throws: nothing.
    systemd_watchdog(systemd_watchdog&& other) noexcept;

    /// Sends no longer what it did, but what the other does. Throws: nothing.
    systemd_watchdog& operator=(systemd_watchdog&& other) noexcept;

    /// From here on nothing is sent: systemd ends the service if it takes longer than WatchdogSec to stop. Waits for
    /// microseconds.
    ~systemd_watchdog();

    /// How often it sends; 0 if systemd asks for nothing. Throws: nothing.
    [[nodiscard]] std::chrono::nanoseconds interval() const noexcept;

private:
    void stop() noexcept;

    detail::shared<detail::systemd_notifier> notifier_;
};

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

// Not part of the core's implementation: only files that include this header compile it.
#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/systemd.hpp"
#endif
