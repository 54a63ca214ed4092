// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "../base/clock.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Receives all reports of a watch, in place of its sinks and its log: those of blocks that last, and those that nobody
/// is blamed for, too.
class report_receiver : public counted {
public:
    report_receiver(report_receiver const&) = delete;
    report_receiver& operator=(report_receiver const&) = delete;
    virtual ~report_receiver() = default;

    /// On the reporter's thread. The report may be moved from. `over`: no other one of this block follows.
    virtual void receive(block_report& report, bool over) = 0;

    /// A block that gets as long as this is reported then, while it lasts; 0: at no such length. Any thread.
    [[nodiscard]] nanoseconds report_at() const { return nanoseconds{report_at_.load(std::memory_order_relaxed)}; }
    void report_at(nanoseconds length) { report_at_.store(length.count(), std::memory_order_relaxed); }

protected:
    report_receiver() = default;

private:
    std::atomic<std::int64_t> report_at_{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
