// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "../../monitor.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../report/frame_store.hpp"
#include "../report/kept_reports.hpp"
#include "../report/report_outline.hpp"
#include "blocked_totals.hpp"
#include "code_path.hpp"
#include "code_paths.hpp"
#include "telling_rate.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A block of a watch of which something was reported. Whether it is over is not always told.
struct reported_block {
    time_point sent_at{};  // when its heartbeat was
    std::uint64_t number{0};
    telling told{telling::counted};  // the most that was told of it
    bool escalated{false};
};

/// What a monitor remembers of blocks: the code paths, how much was told, the last blocks in full. To be used under its
/// mutex. Reads no clock.
class block_ledger {
public:
    explicit block_ledger(monitor_limits const& limits) : limits_{limits} {}

    struct entry {
        code_path const& path;  // for as long as the ledger; changed by note() alone
        telling how_much;
    };

    /// Gives a block its number, and counts it if it is over. Throws: std::bad_alloc.
    [[nodiscard]] entry note(reported_block& block, blocked_totals& of_loop, report_outline& outline,
                             time_point sent_at, bool over, time_point now)
    {
        block_report& report = outline.head;
        bool const first = block.number == 0 || block.sent_at != sent_at;
        if (first) block = {.sent_at = sent_at, .number = ++last_number_};
        report.number = block.number;

        code_path& path = paths_.of(report, outline.stack, limits_.code_paths);
        telling_limits const most{limits_.full_reports_per_minute, limits_.lines_per_minute, limits_.first_interval};
        if (!over) return {path, rate_.of_progress(most, path, report.duration, block.told, now)};
        path.add(report, outline.culprit());
        of_loop.add(report);
        ++ended_;
        telling const how_much = rate_.of_block(most, path, report.duration, block.told, now);
        if (how_much == telling::counted) {
            ++suppressed_;
            ++held_back_;
        }
        return {path, how_much};
    }

    /// What sinks are told of it. Throws: std::bad_alloc.
    [[nodiscard]] block_notice notice_of(entry const& noted, block_report report, severity how_bad)
    {
        block_notice notice{std::move(report), noted.how_much,     how_bad, noted.path.count,
                            noted.path.total,  noted.path.longest, 0};
        if (noted.how_much != telling::counted) notice.held_back = std::exchange(held_back_, 0);
        return notice;
    }

    /// Keeps one that is over for recent(). Throws: std::bad_alloc.
    void keep(report_outline const& report)
    {
        if (limits_.recent == 0) return;
        shared<kept_report> const kept{new kept_report{report, frames_}};
        if (recent_.size() >= limits_.recent) take_first(recent_);
        recent_.push_back(kept);
    }

    // --- asked for ---

    [[nodiscard]] std::vector<ranked_path> top(std::size_t most) const
    {
        using seconds = std::chrono::duration<double>;
        double const all = seconds{paths_.total()}.count();
        std::vector<ranked_path> found;
        for (code_path const* const p : paths_.ranked(most))
            found.push_back({p->culprit, p->file, p->line, p->why, p->loop, p->evidence, p->count, p->total, p->longest,
                             all > 0 ? seconds{p->total}.count() / all : 0});
        return found;
    }

    [[nodiscard]] many<shared<kept_report>> const& recent() const { return recent_; }

    /// How many blocks have ended that recent() does not have.
    [[nodiscard]] std::uint64_t forgotten() const { return ended_ - recent_.size(); }

    /// Blocks of which logs were told nothing.
    [[nodiscard]] std::uint64_t suppressed() const { return suppressed_; }

    [[nodiscard]] monitor_limits const& limits() const { return limits_; }
    void set_limits(monitor_limits const& limits)
    {
        limits_ = limits;
        while (recent_.size() > limits.recent) take_first(recent_);
    }

private:
    monitor_limits limits_;
    code_paths paths_;
    telling_rate rate_;
    std::uint64_t last_number_{0};
    std::uint64_t ended_{0};
    std::uint64_t held_back_{0};   // since the last notice
    std::uint64_t suppressed_{0};  // in all
    many<shared<kept_report>> recent_;
    frame_store frames_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
