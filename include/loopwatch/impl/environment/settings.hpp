// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../../options.hpp"
#include "../base/duration_text.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Patterns as for library_code; a type of its own, so that they are checked when they are read.
struct code_patterns {
    std::string text;
};

/// The contents of LOOPWATCH_OPTIONS. Keys that are not given are empty.
struct settings {
    // Each overrides the option of the same name.
    maybe<std::chrono::nanoseconds> threshold;
    maybe<std::chrono::nanoseconds> heartbeat_interval;
    maybe<on_block> action;
    maybe<cause_set> raise_on;
    maybe<std::string> loop_name;
    maybe<bool> all_frames;
    maybe<std::string> suppressions;
    maybe<std::string> baseline;
    maybe<double> baseline_factor;
    maybe<code_patterns> library_code;
    maybe<watch_scope> scope;

    // Each overrides the field of monitor_limits of the same name.
    maybe<unsigned> full_reports_per_minute;
    maybe<unsigned> lines_per_minute;
    maybe<std::chrono::nanoseconds> first_interval;
    maybe<std::chrono::nanoseconds> error_above;

    // These apply to the whole process; guards have no such options.
    maybe<bool> baseline_update;  // record new blocks even if the baseline exists
    maybe<bool> report_unused;    // at exit, list suppressions that suppressed nothing
    maybe<std::string> html;      // at exit, write a page of all blocks there
    maybe<bool> ci;               // write annotations and summaries when run by a CI service
    maybe<bool> loopwatch;        // false: nothing is watched
};

template <typename Option, typename Value>
void override_with(Option& option, maybe<Value> const& setting)
{
    if (setting) option = *setting;
}

/// Pure. The options, overridden by the settings. Strings taken from `over` refer to it.
///
/// Throws: std::invalid_argument if a heartbeat_interval of the environment is above the threshold. If only the
/// threshold comes from the environment, and is below the interval, the interval becomes the default.
inline options overlaid(options given, settings const& over)
{
    override_with(given.threshold, over.threshold);
    override_with(given.heartbeat_interval, over.heartbeat_interval);
    override_with(given.action, over.action);
    override_with(given.raise_on, over.raise_on);
    override_with(given.loop_name, over.loop_name);
    override_with(given.all_frames, over.all_frames);
    override_with(given.suppressions, over.suppressions);
    override_with(given.baseline, over.baseline);
    override_with(given.baseline_factor, over.baseline_factor);
    if (over.library_code) given.library_code = over.library_code->text;
    override_with(given.scope, over.scope);
    if (given.heartbeat_interval > given.threshold) {
        if (over.heartbeat_interval)
            throw std::invalid_argument{
                "loopwatch: LOOPWATCH_OPTIONS: heartbeat_interval=" + exact_duration_text(given.heartbeat_interval) +
                ": must not be above the threshold, which is " + exact_duration_text(given.threshold)};
        if (over.threshold) given.heartbeat_interval = {};
    }
    return given;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
