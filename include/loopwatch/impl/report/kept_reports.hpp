// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "frame_store.hpp"
#include "report_outline.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Calls `f` with each of the report's stacks, always in the same order.
template <typename Report, typename Function>
void for_each_stack(Report& report, Function const& f)
{
    f(report.stack);
    f(report.awaited_by);
    for (auto& sample : report.samples) f(sample.stack);
    if (report.held_by) f(report.held_by->stack);
}

/// A report whose stacks share their frames with other reports': 2 KB of its own where the whole takes 25 KB and more.
class kept_report : public counted {
public:
    /// Throws: std::bad_alloc.
    kept_report(report_outline const& report, frame_store& frames) : rest_{report.without_stacks()}
    {
        // In the order of for_each_stack().
        keep(report.stack, frames);
        keep(rest_.awaited_by, frames);
        rest_.awaited_by = std::vector<frame>{};  // `= {}` would keep the memory
        for (shown_sample const& each : report.samples) keep(each.stack, frames);
        if (report.held_by) keep(report.held_by->stack, frames);
    }

    /// Throws: std::bad_alloc.
    [[nodiscard]] block_report whole() const
    {
        block_report report = rest_;
        auto const* next = stacks_.begin();
        for_each_stack(report, [&](std::vector<frame>& whole) {
            shared_stack const& kept = (*next++)->frames;
            whole.reserve(kept.size());
            for (auto const& each : kept) whole.push_back(each->what);
        });
        return report;
    }

    bool heard{false};  // by a sink, the log, or who asked for it; protected by the reporter's mutex

private:
    /// What is kept of a stack. Reports of blocks with the same stack share it.
    struct kept_stack final : frame_list::attachment {
        kept_stack(view<frame const> whole, frame_store& store)
        {
            frames.reserve(whole.size());
            for (frame const& f : whole) frames.push_back(store(f));
        }

        shared_stack frames;
    };

    void keep(std::vector<frame> const& whole, frame_store& frames)
    {
        stacks_.push_back(shared<kept_stack>{new kept_stack{whole, frames}});
    }
    void keep(frame_list const& whole, frame_store& frames)
    {
        if (whole.empty()) return keep(std::vector<frame>{}, frames);
        shared<frame_list::attachment>& kept = whole.attached();  // nobody else attaches anything
        if (!kept) kept = shared<frame_list::attachment>{new kept_stack{whole, frames}};
        stacks_.push_back(shared<kept_stack>{static_cast<kept_stack*>(kept.get())});
    }

    block_report rest_;  // with empty stacks
    many<shared<kept_stack>> stacks_;
};

/// How many reports a watch keeps, and which.
struct retention {
    std::size_t most;
    bool the_last;  // else the first

    /// Who raises must tell of all blocks, but a test that blocks all the time must end.
    [[nodiscard]] static constexpr retention of_who_raises() { return {1000, false}; }
    /// A log has told of them. The last ones are kept for who asks later.
    [[nodiscard]] static constexpr retention of_who_logs() { return {100, true}; }
};

/// The reports that a watch keeps, and the number of those of which nobody has heard.
class kept_reports {
public:
    explicit kept_reports(retention which) : which_{which} {}

    /// A report was made. Null: there is no memory to keep it. Returns whether there was.
    bool add(shared<kept_report> const& one) noexcept
    {
        ++made_;
        newest_is_kept_ = false;
        if (!one) return false;
        if (kept_.size() == which_.most) {
            if (!which_.the_last) return true;
            if (!take_first(kept_)->heard) ++unheard_;
        }
        try {
            kept_.push_back(one);
        } catch (...) {
            return false;
        }
        return newest_is_kept_ = true;
    }

    /// What became of the report that was added last. `heard`: a sink or the log has it.
    void told(bool heard)
    {
        if (!newest_is_kept_) {
            if (!heard) ++unheard_;
        } else if (heard) {
            kept_.back()->heard = true;
        }
    }

    /// Those that are kept, for somebody who asked for them, and so has heard of them. Throws: std::bad_alloc.
    [[nodiscard]] many<shared<kept_report>> taken()
    {
        many<shared<kept_report>> all{kept_};
        for (shared<kept_report> const& each : all) each->heard = true;
        return all;
    }

    [[nodiscard]] std::uint64_t made() const { return made_; }
    [[nodiscard]] std::uint64_t not_kept() const { return made_ - kept_.size(); }

    /// How many are not kept, and were never heard of.
    [[nodiscard]] std::uint64_t unheard() const { return unheard_; }

private:
    retention which_;
    many<shared<kept_report>> kept_;
    std::uint64_t made_{0};
    std::uint64_t unheard_{0};
    bool newest_is_kept_{false};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
