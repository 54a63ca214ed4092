// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "../../detail/watch_handle.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../report/report_receiver.hpp"
#include "../vitals/loop_vitals.hpp"
#include "block_ledger.hpp"
#include "loop_records.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

class monitor_core;

/// Receives the reports of one watch of a monitor.
class monitored_reports final : public report_receiver {
public:
    monitored_reports(monitor_core& core, shared<loop_record> record) : core_{core}, record_{std::move(record)} {}

    void receive(report_outline& report, time_point sent_at, bool over) override;

    [[nodiscard]] loop_record& record() const { return *record_; }

    /// What was told of the block whose heartbeat was sent then, or of none yet. Under the core's mutex.
    [[nodiscard]] reported_block& block_of(time_point sent_at)
    {
        for (reported_block& each : last_)
            if (each.number != 0 && each.sent_at == sent_at) return each;
        for (std::size_t i = last_.size() - 1; i > 0; --i) last_[i] = last_[i - 1];
        return last_[0] = {};
    }

private:
    // The latest first: with watch_scope::each_thread several may be under way.
    fixed<reported_block, 16> last_{};
    monitor_core& core_;  // which ends its watches, and waits for their reports, before it goes
    shared<loop_record> record_;
};

/// One watch of a monitor, which a watched_loop has in its hand.
struct monitored : counted {
    monitored(shared<monitor_core> of, shared<monitored_reports> to, shared<loop_vitals> how);
    monitored(monitored const&) = delete;
    monitored& operator=(monitored const&) = delete;
    ~monitored();

    std::uint64_t number{0};  // the watch_list's

    shared<monitor_core> const core;
    shared<monitored_reports> const reports;
    shared<loop_vitals> const vitals;
    watch_handle watch;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
