// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../../detail/shared.hpp"
#include "../../monitor.hpp"
#include "../../systemd.hpp"
#include "../base/process_id.hpp"
#include "../monitor/systemd_notifier.hpp"
#include "../monitor/systemd_settings.hpp"

#include <chrono>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

LOOPWATCH_DECL systemd_watchdog::systemd_watchdog([[maybe_unused]] monitor const& of)
{
#if LOOPWATCH_HAS_LINUX()
    // Also in a program with more rights than its caller: else systemd would end a service that has file capabilities.
    // Who sets these gets a datagram that says that the service is alive.
    auto const variable = [](char const* name) {
        char const* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
        return std::string_view{value != nullptr ? value : ""};
    };
    auto const timeout =
        detail::watchdog_timeout(variable("WATCHDOG_USEC"), variable("WATCHDOG_PID"), detail::process_id());
    auto const to = detail::notify_address(variable("NOTIFY_SOCKET"));
    if (!timeout || !to) return;
    detail::shared<detail::systemd_notifier> const notifier{new detail::systemd_notifier{of, *timeout, *to}};
    notifier->start();
    notifier_ = notifier;
#endif
}

LOOPWATCH_DECL systemd_watchdog::systemd_watchdog(systemd_watchdog&& other) noexcept = default;
LOOPWATCH_DECL systemd_watchdog& systemd_watchdog::operator=(systemd_watchdog&& other) noexcept
{
    if (this == &other) return *this;
    stop();
    notifier_ = std::move(other.notifier_);
    return *this;
}
LOOPWATCH_DECL systemd_watchdog::~systemd_watchdog() { stop(); }

LOOPWATCH_DECL std::chrono::nanoseconds systemd_watchdog::interval() const noexcept
{
    return notifier_ ? notifier_->interval() : std::chrono::nanoseconds{0};
}

LOOPWATCH_DECL void systemd_watchdog::stop() noexcept
{
    if (!notifier_) return;
    if (notifier_->is_here())
        notifier_->stop();
    else
        notifier_->retain();  // in the child of a fork: its mutex may be held for ever
    notifier_.reset();
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
