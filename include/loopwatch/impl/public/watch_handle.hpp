// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../detail/loop.hpp"
#include "../../detail/watch_handle.hpp"
#include "../../options.hpp"
#include "../exact/untracked_files.hpp"
#include "../github/annotations.hpp"
#include "../pictures/html_file.hpp"
#include "../policy/policy.hpp"
#include "../report/text/terminal.hpp"
#include "../watch/runtime.hpp"
#include "../watch/watch.hpp"
#include "sinks.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

LOOPWATCH_DECL watch_handle::watch_handle() noexcept = default;
LOOPWATCH_DECL watch_handle::~watch_handle() = default;

/// The settings of a watch. Without a sink reports go to standard error; in a GitHub job they are annotated, too.
inline watch_settings settings_of(options const& how, loop const& of, sink* given, audience whose)
{
    watch_settings s{.threshold = how.threshold,
                     .action = how.action,
                     .raise_on = how.raise_on,
                     .all_frames = how.all_frames,
                     .on_strand = of.is_strand(),
                     .is_context = of.is_context(),
                     .scope = how.scope,
                     .context = of.context(),
                     .name = std::string{how.loop_name},
                     .known = policy::of(how),
                     .library = library_code{how.library_code}};
    bool const all = how.all_frames;
    auto const standard_error = [all](block_report const& report) { log_to_stderr(report, all); };
    bool const has_sink = given != nullptr && *given;
    if (has_sink) s.to = std::move(*given);
    s.archived = whose != audience::itself;
    if (whose != audience::log_or_raise) return s;
    if (how.action == on_block::log) s.kept = retention::of_who_logs();
    if (!has_sink) {
        if (how.action == on_block::log) s.to = standard_error;
        s.excused_sink = standard_error;
    }
    s.annotations = &annotate;
    return s;
}

LOOPWATCH_DECL void watch_handle::begin(loop_ptr of, options const& how, sink* to, std::uintptr_t guard_frame,
                                        audience whose)
{
    prepare_annotations();
    static_cast<void>(terminal_wishes::get());
    auto target = std::move(of).released();
    watch_settings settings = settings_of(how, *target, to, whose);
    begin(std::move(settings), how.heartbeat_interval, std::move(target), guard_frame);
}

LOOPWATCH_DECL void watch_handle::begin(loop_ptr of, options const& how, shared<report_receiver> const& to,
                                        shared<loop_vitals> const& vitals, std::uintptr_t guard_frame)
{
    static_cast<void>(terminal_wishes::get());
    auto target = std::move(of).released();
    watch_settings settings = settings_of(how, *target, nullptr, audience::collected);
    settings.action = on_block::log;
    settings.receiver = to;
    settings.vitals = vitals;
    begin(std::move(settings), how.heartbeat_interval, std::move(target), guard_frame);
}

LOOPWATCH_DECL void watch_handle::prepare()
{
    html_file::prepare(&runtime::has_reported_all);
    static_cast<void>(runtime::get());
}

LOOPWATCH_DECL void watch_handle::begin(watch_settings&& settings, std::chrono::nanoseconds heartbeat_interval,
                                        owned<loop> target, std::uintptr_t guard_frame)
{
    if (settings.scope == watch_scope::each_thread && !(target->is_exact() && target->is_context()))
        throw std::invalid_argument{
            "loopwatch: options.scope can be each_thread for a context whose files are all compiled in exact mode "
            "only, "
            "with the CMake target loopwatch::exact or the macros of loopwatch/exact_tracking.hpp"};
    prepare();
    auto& runtime = runtime::get();
    if (target->is_exact()) refuse_untracked_files();
    // Constructed on the heap directly: the thread that makes a guard may have a small stack.
    watch_ =
        shared<watch>{new watch{std::move(settings), heartbeat_interval, runtime.watchdog().bell(), std::move(target)}};
    runtime.watchdog().add(watch_, guard_frame);
    runtime_ = &runtime;
}

LOOPWATCH_DECL bool watch_handle::alive() const { return runtime::is_current(runtime_); }

LOOPWATCH_DECL void watch_handle::end()
{
    runtime_->watchdog().remove(*watch_);
    runtime_->reporter().finish(*watch_);
}

LOOPWATCH_DECL void watch_handle::change(std::chrono::nanoseconds threshold,
                                         std::chrono::nanoseconds heartbeat_interval)
{
    if (alive()) runtime_->watchdog().change(*watch_, heartbeat_timing::of(threshold, heartbeat_interval));
}

LOOPWATCH_DECL void watch_handle::pause()
{
    if (alive()) runtime_->watchdog().pause(*watch_);
}

LOOPWATCH_DECL void watch_handle::resume()
{
    if (alive()) runtime_->watchdog().resume(*watch_);
}

LOOPWATCH_DECL bool watch_handle::paused() const { return alive() && runtime_->watchdog().is_paused(*watch_); }

LOOPWATCH_DECL std::vector<block_report> watch_handle::blocks() const
{
    if (!settle()) return {};
    return runtime_->reporter().reports(*watch_);
}

LOOPWATCH_DECL std::vector<block_report> watch_handle::excused() const
{
    if (!settle()) return {};
    return runtime_->reporter().excused(*watch_);
}

LOOPWATCH_DECL std::uint64_t watch_handle::dropped() const
{
    return alive() ? runtime_->reporter().dropped(*watch_) : 0;
}

LOOPWATCH_DECL std::uint64_t watch_handle::not_kept() const
{
    return alive() ? runtime_->reporter().not_kept(*watch_) : 0;
}

LOOPWATCH_DECL bool watch_handle::watches(void const* context) const
{
    if (!alive()) return false;
    std::lock_guard const hold{runtime_->watchdog().mutex()};
    return watch_->target != nullptr && watch_->how.is_context && watch_->how.context == context;
}

LOOPWATCH_DECL bool watch_handle::settle() const
{
    if (!alive()) return false;
    runtime_->watchdog().settle(*watch_);
    runtime_->reporter().flush(*watch_);
    return true;
}

LOOPWATCH_DECL bool watch_handle::settle(std::chrono::steady_clock::time_point until) const
{
    if (!alive()) return false;
    runtime_->watchdog().settle(*watch_);
    return runtime_->reporter().flush(*watch_, until);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
