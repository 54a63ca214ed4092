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

/// Not any text: it is looked at when it is read.
struct code_patterns {
    std::string text;
};

/// What LOOPWATCH_OPTIONS says. Empty where it says nothing.
struct settings {
    // Each is laid over the options of the same name.
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

    // Of the process as a whole; no option of a guard.
    maybe<bool> baseline_update;  // record also where the baseline is there
    maybe<bool> report_unused;    // suppressions that suppressed nothing
    maybe<bool> ci;               // annotations and summaries, where there is a CI
    maybe<bool> loopwatch;        // false: there are no watches
};

/// Pure. The options with the settings over them. The strings in it are those of `over`.
///
/// Throws: std::invalid_argument if a heartbeat_interval of the environment is above the code's threshold. The other
/// way round the threshold of the environment wins, and the interval becomes the default.
inline options overlaid(options given, settings const& over)
{
    auto const lay = [](auto& option, auto const& setting) {
        if (setting) option = *setting;
    };
    lay(given.threshold, over.threshold);
    lay(given.heartbeat_interval, over.heartbeat_interval);
    lay(given.action, over.action);
    lay(given.raise_on, over.raise_on);
    lay(given.loop_name, over.loop_name);
    lay(given.all_frames, over.all_frames);
    lay(given.suppressions, over.suppressions);
    lay(given.baseline, over.baseline);
    lay(given.baseline_factor, over.baseline_factor);
    if (over.library_code) given.library_code = over.library_code->text;
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
