// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../block_report.hpp"
#include "../detail/ci/annotations.hpp"
#include "../detail/config.hpp"
#include "../detail/loop.hpp"
#include "../detail/policy.hpp"
#include "../detail/runtime.hpp"
#include "../detail/text/terminal.hpp"
#include "../detail/watch.hpp"
#include "../detail/watch_handle.hpp"
#include "../options.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

LOOPWATCH_DECL watch_handle::watch_handle() noexcept = default;
LOOPWATCH_DECL watch_handle::~watch_handle() = default;

LOOPWATCH_DECL void watch_handle::begin(loop_ptr of, options const& how, sink* to, std::uintptr_t made_at,
                                        audience whose)
{
    auto& runtime = runtime::get();
    prepare_annotations();
    static_cast<void>(terminal_wishes::get());
    sink given;
    if (to != nullptr) given = std::move(*to);
    if (whose == audience::collected && !given) given = [](block_report const&) {};  // it takes the place of the log
    watch_ = shared<watch>{
        new watch{how, std::move(given), runtime.watchdog().bell(), std::move(of).released(), policy::of(how), whose}};
    runtime.watchdog().add(watch_, made_at);
    runtime_ = &runtime;
}

LOOPWATCH_DECL bool watch_handle::alive() const { return runtime::is_current(runtime_); }

LOOPWATCH_DECL void watch_handle::end()
{
    runtime_->watchdog().remove(*watch_);
    runtime_->reporter().flush(*watch_);
}

LOOPWATCH_DECL std::vector<block_report> watch_handle::blocks() const
{
    if (!settled()) return {};
    return runtime_->reporter().reports(*watch_);
}

LOOPWATCH_DECL std::vector<block_report> watch_handle::excused() const
{
    if (!settled()) return {};
    return runtime_->reporter().excused(*watch_);
}

LOOPWATCH_DECL std::uint64_t watch_handle::dropped() const
{
    return alive() ? runtime_->reporter().dropped(*watch_) : 0;
}

LOOPWATCH_DECL bool watch_handle::watches(void const* context) const
{
    if (!alive()) return false;
    std::lock_guard const hold{runtime_->watchdog().mutex()};
    return watch_->target != nullptr && watch_->is_context && watch_->context == context;
}

/// All that has ended until now is reported. False: there is nothing.
LOOPWATCH_DECL bool watch_handle::settled() const
{
    if (!alive()) return false;
    runtime_->watchdog().settle(*watch_);
    runtime_->reporter().flush(*watch_);
    return true;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
