// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <loopwatch/impl/loop/pulse.hpp>
#include <loopwatch/impl/platform/doorbell.hpp>

/// A bell without a watchdog: in the end lets go of the heartbeats that have rung it, as that would.
class heard_bell : public loopwatch::detail::doorbell {
public:
    heard_bell() = default;
    heard_bell(heard_bell const&) = delete;
    heard_bell& operator=(heard_bell const&) = delete;
    ~heard_bell()
    {
        hear_callers([](caller& by) { release(static_cast<loopwatch::detail::pulse&>(by)); });
    }
};
