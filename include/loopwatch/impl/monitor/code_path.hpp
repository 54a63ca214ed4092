// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../analysis/culprit.hpp"
#include "../base/clock.hpp"
#include "../base/view.hpp"
#include "../symbolize/code_origin.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What blocks of one code path have in common, as a number: cause, culprit, and the user's functions in the handler
/// from the culprit outwards. Addresses and lines are not in it, and a function that calls itself counts once; but a
/// lambda that waits is told apart by the line of the call: all lambdas of a function have one name, and handlers are
/// lambdas most often. One that computes was interrupted at any of its lines. Pure.
inline std::uint64_t code_path_of(block_report const& report, view<frame const> stack)
{
    std::uint64_t number = static_cast<std::uint64_t>(report.cause) * 2 + (report.excuse.empty() ? 1 : 0) + 1;
    auto const mix = [&](std::string_view name) {
        number = (number ^ std::hash<std::string_view>{}(name)) * 0x100000001b3U;
    };
    frame const* const culprit = culprit_of(stack);
    frame const* before = nullptr;
    for (frame const& f : stack) {
        if (f.outside) break;
        if (&f < culprit || (&f != culprit && origin_of(f) != code_origin::user)) continue;
        if (before != nullptr && before->function == f.function && before->module_offset == f.module_offset) continue;
        before = &f;
        if (!f.function.empty()) {
            mix(f.function);
            bool const waits = report.cause == cause::blocking_call || report.cause == cause::lock ||
                               report.cause == cause::disk || report.cause == cause::self_deadlock;
            if (&f == culprit && waits && f.function.ends_with("{lambda}")) number = (number ^ f.line) * 0x100000001b3U;
        } else {
            mix(f.module);
            number ^= f.module_offset;
        }
    }
    return number;
}
inline std::uint64_t code_path_of(block_report const& report) { return code_path_of(report, report.stack); }

/// What was told of a code path so far.
struct told_of_path {
    bool in_full{false};
    nanoseconds longest_in_full{};  // of the blocks that were told in full
    nanoseconds interval{};         // the least from what was told last to the next line; 0: it is due
    time_point last_at{};           // when something was told
    time_point seen_at{};           // the last block
};

/// All blocks of one code path.
struct code_path {
    explicit code_path(cause of) : why{of} {}

    std::string culprit;
    std::string file;
    unsigned line{0};
    cause why;
    bool excused{false};
    std::string loop;
    std::string evidence;  // of the longest
    std::uint64_t count{0};
    nanoseconds total{};
    nanoseconds longest{};
    told_of_path told;

    /// A block that is over, with its culprit. Throws: std::bad_alloc.
    void add(block_report const& report, frame const* which)
    {
        ++count;
        total += report.duration;
        if (which != nullptr) {
            line = which->line;
            if (file != which->file) file = which->file;
        }
        if (loop != report.loop) loop = report.loop;
        if (report.duration <= longest) return;
        longest = report.duration;
        evidence = report.evidence;
    }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
