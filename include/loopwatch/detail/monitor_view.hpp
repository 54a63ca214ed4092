// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../monitor_numbers.hpp"
#include "config.hpp"
#include "shared.hpp"

#include <chrono>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

class monitor;

namespace detail {

class monitor_core;

/// What adapters ask of a monitor, which it may outlive: then nothing is watched, and the numbers stay as they were. In
/// the child of a fork there are no numbers, and nothing is stuck.
class monitor_view {
public:
    explicit monitor_view(monitor const& of) noexcept;
    monitor_view(monitor_view const&) = delete;
    monitor_view& operator=(monitor_view const&) = delete;
    ~monitor_view();

    /// Throws: std::bad_alloc.
    [[nodiscard]] monitor_numbers numbers() const;

    /// Whether no loop is blocked for longer.
    [[nodiscard]] bool all_fresh(std::chrono::nanoseconds bound) const noexcept;

private:
    shared<monitor_core> core_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
