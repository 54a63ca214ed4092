// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../analysis/culprit.hpp"
#include "../analysis/fix.hpp"
#include "../analysis/frame_list.hpp"
#include "../analysis/shown_stack.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../platform/thread.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A report of which the stacks are not copied yet, nor put into words what to do: who only counts blocks needs
/// neither, and both together take longer than all the rest. To be used on the reporter's thread.
class report_outline {
public:
    /// The thread that held the lock.
    struct holder {
        thread_number thread{0};
        std::string name;
        frame_list stack;
        loopwatch::stack_quality stack_quality{loopwatch::stack_quality::none};
        std::string stack_missing;
    };

    /// All but `stack`, `samples`, `held_by` and `fix`.
    block_report head;
    frame_list stack;
    many<shown_sample> samples;
    std::optional<holder> held_by;
    std::string_view waited_in;  // the function, by the kind of lock; or ""

    [[nodiscard]] frame const* culprit() const { return culprit_of(stack); }

    /// Throws: std::bad_alloc.
    [[nodiscard]] std::string fix() const { return fix_for(head.cause, stack, waited_in); }

    /// The report without the stacks of this one. Throws: std::bad_alloc.
    [[nodiscard]] block_report without_stacks() const
    {
        block_report report = head;
        report.fix = fix();
        report.samples.reserve(samples.size());
        for (shown_sample const& each : samples)
            report.samples.push_back({each.after, each.doing, {}, each.stack_quality});
        if (held_by) {
            other_thread& other = report.held_by.emplace();
            other.thread_id = held_by->thread;
            other.thread_name = held_by->name;
            other.stack_quality = held_by->stack_quality;
            other.stack_missing = held_by->stack_missing;
        }
        return report;
    }

    /// Throws: std::bad_alloc.
    [[nodiscard]] block_report whole() const
    {
        block_report report = without_stacks();
        report.stack = stack.whole();
        for (std::size_t i = 0; i < samples.size(); ++i) report.samples[i].stack = samples[i].stack.whole();
        if (held_by && report.held_by) report.held_by->stack = held_by->stack.whole();
        return report;
    }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
