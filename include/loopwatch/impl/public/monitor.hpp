// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../detail/config.hpp"
#include "../../detail/loop.hpp"
#include "../../detail/monitor_view.hpp"
#include "../../detail/shared.hpp"
#include "../../health.hpp"
#include "../../monitor.hpp"
#include "../../monitor_numbers.hpp"
#include "../../monitor_sink.hpp"
#include "../../options.hpp"
#include "../../recording.hpp"
#include "../base/clock.hpp"
#include "../base/duration_text.hpp"
#include "../base/write_whole.hpp"
#include "../environment/environment.hpp"
#include "../environment/settings.hpp"
#include "../monitor/monitor_core.hpp"
#include "../monitor/prometheus_text.hpp"
#include "../policy/policy.hpp"
#include "../report/report_text.hpp"
#include "../report/text/terminal.hpp"
#include "../vitals/loop_vitals.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The options as they are in effect. A file of theirs that is missing or wrong is refused here, and not by the first
/// watch(), which a service may call at any time.
///
/// Throws: std::invalid_argument that names the field, the key or the file.
inline options effective_for_monitor(options const& given)
{
    options const how = effective(given);
    if (!turned_off()) static_cast<void>(policy::of(how));
    return how;
}

/// The limits, overridden by those of the environment.
///
/// Throws: std::invalid_argument that names the field, or the key of LOOPWATCH_OPTIONS, and its value.
inline monitor_limits effective(monitor_limits given)
{
    settings const& over = environment::get();
    override_with(given.full_reports_per_minute, over.full_reports_per_minute);
    override_with(given.lines_per_minute, over.lines_per_minute);
    override_with(given.first_interval, over.first_interval);
    override_with(given.error_above, over.error_above);

    auto const refuse = [](char const* field, std::string const& rule) {
        throw std::invalid_argument{std::string{"loopwatch: monitor_limits."} + field + ' ' + rule};
    };
    constexpr nanoseconds none{0};
    if (given.first_interval < none)
        refuse("first_interval", "must not be negative, but is " + exact_duration_text(given.first_interval));
    if (given.error_above < none)
        refuse("error_above", "must not be negative, but is " + exact_duration_text(given.error_above));
    if (given.code_paths == 0) refuse("code_paths", "must be 1 or more, but is 0");
    if (given.queue == 0) refuse("queue", "must be 1 or more, but is 0");
    return given;
}

/// In the child of a fork an object of the parent's is left as it is: its mutexes may be held, and its threads are not
/// there.
template <typename Counted>
void leave_behind(shared<Counted>& one) noexcept
{
    one->retain();
    one.reset();
}

}  // namespace detail

// --- watched_loop ---

LOOPWATCH_DECL watched_loop::watched_loop() noexcept = default;
LOOPWATCH_DECL watched_loop::watched_loop(detail::shared<detail::monitored> one) noexcept : one_{std::move(one)} {}
LOOPWATCH_DECL watched_loop::watched_loop(watched_loop&& other) noexcept = default;
LOOPWATCH_DECL watched_loop& watched_loop::operator=(watched_loop&& other) noexcept
{
    if (this == &other) return *this;
    end();
    one_ = std::move(other.one_);
    return *this;
}
LOOPWATCH_DECL watched_loop::~watched_loop() { end(); }

LOOPWATCH_DECL void watched_loop::end() noexcept
{
    if (!one_) return;
    if (!one_->core->is_here()) return detail::leave_behind(one_);
    one_->core->end(*one_);
    one_.reset();
}

LOOPWATCH_DECL std::string_view watched_loop::name() const noexcept
{
    return one_ ? std::string_view{one_->reports->record().name} : std::string_view{};
}

LOOPWATCH_DECL bool watched_loop::is_overloaded(std::chrono::nanoseconds bound) const noexcept
{
    if (!one_ || !one_->vitals->may_be_above(bound)) return false;
    return one_->watch.alive() && one_->vitals->delay(detail::clock::now()) > bound;
}

// --- monitor ---

LOOPWATCH_DECL monitor::monitor(options how) : monitor{how, {to_stderr(detail::effective(how).all_frames)}} {}

LOOPWATCH_DECL monitor::monitor(options how, std::vector<monitor_sink> const& sinks, monitor_limits limits)
    : core_{new detail::monitor_core{detail::effective_for_monitor(how), sinks, detail::effective(limits)}}
{
}

LOOPWATCH_DECL monitor::monitor(monitor&& other) noexcept = default;
LOOPWATCH_DECL monitor& monitor::operator=(monitor&& other) noexcept
{
    if (this == &other) return *this;
    close();
    core_ = std::move(other.core_);
    own_ = std::move(other.own_);
    return *this;
}
LOOPWATCH_DECL monitor::~monitor() { close(); }

LOOPWATCH_DECL void monitor::close() noexcept
{
    own_.clear();
    if (!core_) return;
    if (!core_->is_here()) return detail::leave_behind(core_);
    core_->close(std::chrono::seconds{1});
    core_.reset();
}

LOOPWATCH_DECL watched_loop monitor::begin(detail::loop_ptr loop, std::string_view name, std::uintptr_t guard_frame)
{
    if (!core_->is_here()) return {};
    return watched_loop{core_->begin(std::move(loop), name, guard_frame)};
}

LOOPWATCH_DECL std::vector<ranked_path> monitor::top(std::size_t most) const
{
    return core_->is_here() ? core_->top(most) : std::vector<ranked_path>{};
}

LOOPWATCH_DECL monitor_numbers monitor::numbers() const { return detail::monitor_view{*this}.numbers(); }

LOOPWATCH_DECL std::string monitor::prometheus() const { return detail::prometheus_text(numbers()); }

LOOPWATCH_DECL health_report monitor::health(std::chrono::nanoseconds bound) const
{
    return core_->is_here() ? core_->live().health(bound, detail::clock::now()) : health_report{};
}

LOOPWATCH_DECL bool monitor::is_overloaded(std::string_view name, std::chrono::nanoseconds bound) const noexcept
{
    if (!core_->is_here() || !core_->live().may_be_overloaded(name, bound)) return false;
    return core_->live().is_overloaded(name, bound, detail::clock::now());
}

LOOPWATCH_DECL std::vector<block_report> monitor::recent() const
{
    return core_->is_here() ? core_->recent() : std::vector<block_report>{};
}

LOOPWATCH_DECL recording monitor::recording() const
{
    loopwatch::recording all;
    if (!core_->is_here()) return all;
    all.left_out = core_->forgotten();
    all.delays = core_->delays(detail::clock::now(), std::chrono::system_clock::now());
    all.blocks = core_->recent();
    std::sort(all.blocks.begin(), all.blocks.end(), [](block_report const& a, block_report const& b) {
        return a.began_at != b.began_at ? a.began_at < b.began_at : a.number < b.number;
    });
    return all;
}

LOOPWATCH_DECL bool monitor::flush(std::chrono::nanoseconds patience) noexcept
{
    if (!core_->is_here()) return true;
    detail::time_point const now = detail::clock::now();
    try {
        return core_->flush(patience < detail::time_point::max() - now ? now + patience : detail::time_point::max());
    } catch (...) {
        return false;  // out of memory
    }
}

LOOPWATCH_DECL std::uint64_t monitor::lost() const noexcept { return core_->is_here() ? core_->lost() : 0; }

LOOPWATCH_DECL void monitor::reopen_sinks() noexcept
{
    if (core_->is_here()) core_->reopen_sinks();
}

LOOPWATCH_DECL void monitor::set_threshold(std::chrono::nanoseconds threshold)
{
    options const how = detail::validated({.threshold = threshold});
    if (core_->is_here()) core_->set_threshold(how.threshold, how.heartbeat_interval);
}

LOOPWATCH_DECL void monitor::set_limits(monitor_limits limits)
{
    limits = detail::effective(limits);
    if (core_->is_here()) core_->set_limits(limits);
}

LOOPWATCH_DECL void monitor::set_sinks(std::vector<monitor_sink> const& sinks)
{
    if (core_->is_here()) core_->set_sinks(sinks);
}

LOOPWATCH_DECL void monitor::escalate(std::chrono::nanoseconds above, std::function<void(block_notice const&)> function)
{
    if (above < std::chrono::nanoseconds{0})
        throw std::invalid_argument{"loopwatch: monitor::escalate(): above must not be negative, but is " +
                                    detail::exact_duration_text(above)};
    if (core_->is_here()) core_->escalate(above, std::move(function));
}

LOOPWATCH_DECL void monitor::pause() noexcept
{
    if (core_->is_here()) core_->pause(true);
}

LOOPWATCH_DECL void monitor::resume() noexcept
{
    if (core_->is_here()) core_->pause(false);
}

// --- for adapters ---

namespace detail {

LOOPWATCH_DECL monitor_view::monitor_view(monitor const& of) noexcept : core_{of.core_} {}
LOOPWATCH_DECL monitor_view::~monitor_view()
{
    if (!core_->is_here()) leave_behind(core_);
}

LOOPWATCH_DECL monitor_numbers monitor_view::numbers() const
{
    return core_->is_here() ? core_->numbers(clock::now()) : monitor_numbers{};
}

LOOPWATCH_DECL bool monitor_view::all_fresh(std::chrono::nanoseconds bound) const noexcept
{
    return !core_->is_here() || core_->live().all_fresh(bound, clock::now());
}

}  // namespace detail

LOOPWATCH_DECL void abort_process(block_notice const& notice)
{
    detail::write_whole(detail::text_of(notice.report, detail::layout_of_stderr(false)));
    std::abort();
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
