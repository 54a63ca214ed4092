// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "../../options.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../policy/policy.hpp"
#include "../symbolize/library_code.hpp"
#include "../vitals/loop_vitals.hpp"
#include "kept_reports.hpp"
#include "report_receiver.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// How a watch's blocks are reported. Constant during the watch.
struct watch_settings {
    nanoseconds threshold{};  // at first: a watch can be changed, so each block says the one that it was judged by
    on_block action{};
    cause_set raise_on{};
    bool all_frames{false};
    bool on_strand{false};
    bool is_context{false};
    watch_scope scope{watch_scope::loop};
    bool archived{true};           // its blocks are part of what is written of the process at its end
    void const* context{nullptr};  // the loop's context, or null
    std::string name{};
    policy known{};  // which blocks are excused
    library_code library{""};
    retention kept{retention::of_who_raises()};
    // Each may be empty.
    sink to{};            // the user's sink, or the log: also receives progress reports while a block lasts
    sink annotations{};   // the CI page's: receives blocks that are over
    sink excused_sink{};  // receives waits that nobody is blamed for
    // A monitor's. The receiver gets all reports in place of these sinks, and nothing is kept.
    shared<report_receiver> receiver{};
    shared<loop_vitals> vitals{};
};

/// What was reported for a watch. Protected by the reporter's mutex.
struct report_log {
    explicit report_log(retention kept) : blocks{kept}, excused{kept} {}

    std::size_t pending{0};     // blocks handed over and not yet reported
    std::uint64_t reported{0};  // blocks handed over before those
    kept_reports blocks;        // that have ended
    kept_reports excused;       // that nobody is blamed for, or that a policy excused
    std::uint64_t lost{0};      // blocks that have ended, and of which no report was made
    std::uint64_t last_number{0};
    // The last ones that were numbered, the latest first: with watch_scope::each_thread several may be under way.
    struct numbered {
        time_point sent_at{};
        std::uint64_t number{0};
    };
    fixed<numbered, 16> last_numbered{};
    bool was_left{false};  // the loop was once seen with nobody running it

    /// The number of the block whose heartbeat was sent then. All of its reports have the same, and no other block's,
    /// also if there is none of its end, or that is excused.
    std::uint64_t number_of(time_point sent_at)
    {
        for (numbered const& each : last_numbered)
            if (each.number != 0 && each.sent_at == sent_at) return each.number;
        for (std::size_t i = last_numbered.size() - 1; i > 0; --i) last_numbered[i] = last_numbered[i - 1];
        last_numbered[0] = {sent_at, ++last_number};
        return last_number;
    }
};

/// A watched loop as the reporter knows it.
struct watched : counted {
    explicit watched(watch_settings settings) : how{std::move(settings)}, log{how.kept} {}
    watched(watched const&) = delete;
    watched& operator=(watched const&) = delete;
    virtual ~watched() = default;

    watch_settings const how;
    report_log log;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
