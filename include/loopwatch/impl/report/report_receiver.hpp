// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "../base/atomic_pointer.hpp"
#include "../base/clock.hpp"
#include "../block/block_recorder.hpp"
#include "report_outline.hpp"

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

    /// On the reporter's thread. All reports of one block have the same `sent_at`: when its heartbeat was sent. `over`:
    /// no other one of it follows. Of a block for whose report there was no memory none is that.
    virtual void receive(report_outline& report, time_point sent_at, bool over) = 0;

    /// Likewise: all that is to be reported of the block whose heartbeat was sent then was.
    void settled(time_point sent_at)
    {
        if (auto* const to = recorder()) to->settled(this, sent_at);
    }

    /// Where the watch's blocks are recorded from the next one on; null: nowhere. It must outlive the watch. Any
    /// thread.
    [[nodiscard]] block_recorder* recorder() const { return recorder_.load(std::memory_order_acquire); }
    void record_to(block_recorder* to) { recorder_.store(to, std::memory_order_release); }

    /// A block that gets as long as this is reported then, while it lasts; 0: at no such length. Any thread.
    [[nodiscard]] nanoseconds report_at() const { return nanoseconds{report_at_.load(std::memory_order_relaxed)}; }
    void report_at(nanoseconds length) { report_at_.store(length.count(), std::memory_order_relaxed); }

protected:
    report_receiver() = default;

private:
    std::atomic<std::int64_t> report_at_{0};
    atomic_pointer<block_recorder> recorder_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
