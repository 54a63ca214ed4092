// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "../../options.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../policy/policy.hpp"
#include "../symbolize/library_code.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A receiver of a watch's reports.
struct listener {
    sink to;
    bool wants_progress;  ///< also receives progress reports while a block lasts
};

/// How a watch's blocks are reported. Constant during the watch.
struct watch_settings {
    nanoseconds threshold{};
    on_block action{};
    cause_set raise_on{};
    bool all_frames{false};
    bool on_strand{false};
    bool is_context{false};
    void const* context{nullptr};  // the loop's context, or null
    std::string name{};
    policy known{};  // which blocks are excused
    library_code library{""};
    many<listener> listeners{};  // called in this order
    sink excused_sink{};         // receives waits that nobody is blamed for; may be empty
};

/// What was reported for a watch. Protected by the reporter's mutex.
struct report_log {
    std::size_t pending{0};             // blocks handed over and not yet reported
    std::vector<block_report> reports;  // blocks that have ended
    std::vector<block_report> excused;  // blocks that nobody is blamed for, or that a policy excused
    std::uint64_t dropped{0};           // blocks that could not be reported or kept
    std::uint64_t last_number{0};
    bool in_progress{false};  // the block last numbered had progress reports, and has not ended
    bool was_left{false};     // the loop was once seen with nobody running it
};

/// A watched loop as the reporter knows it.
struct watched : counted {
    explicit watched(watch_settings settings) : how{std::move(settings)} {}
    watched(watched const&) = delete;
    watched& operator=(watched const&) = delete;
    virtual ~watched() = default;

    watch_settings const how;
    report_log log;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
