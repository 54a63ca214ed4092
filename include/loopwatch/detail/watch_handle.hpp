// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../block_report.hpp"
#include "../options.hpp"
#include "ci/annotations.hpp"
#include "config.hpp"
#include "environment.hpp"
#include "loop.hpp"
#include "policy.hpp"
#include "runtime.hpp"
#include "watch.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// One watch, from its beginning to its end: what every kind of guard holds. It does nothing where it was not begun,
/// where the environment has turned it off, and in the child of a fork. What its functions throw and cost is said at
/// those of the guard, which bear the same names.
class watch_handle {
public:
    /// `how` is validated. `made_at`: where the frames end that the thread will call from where the guard is.
    template <typename Loop>
    void begin(Loop& loop, options const& how, sink to, std::uintptr_t made_at, audience whose = audience::log_or_raise)
    {
        if (turned_off()) return;
        auto& runtime = runtime::get();
        prepare_annotations();
        watch_ = std::make_shared<watch>(how, std::move(to), runtime.watchdog().bell(),
                                         make_loop<detail::runtime>(loop), policy::of(how), whose);
        runtime.watchdog().add(watch_, made_at);
        runtime_ = &runtime;
    }

    [[nodiscard]] bool alive() const { return runtime::is_current(runtime_); }

    /// Ends it, and waits until all that was seen is reported. Only if alive().
    void end()
    {
        runtime_->watchdog().remove(*watch_);
        runtime_->reporter().flush(*watch_);
    }

    [[nodiscard]] std::vector<block_report> blocks() const
    {
        if (!settled()) return {};
        return runtime_->reporter().reports(*watch_);
    }
    [[nodiscard]] std::vector<block_report> excused() const
    {
        if (!settled()) return {};
        return runtime_->reporter().excused(*watch_);
    }
    [[nodiscard]] std::uint64_t dropped() const { return alive() ? runtime_->reporter().dropped(*watch_) : 0; }

    /// Whether it watches this very context, and not only a strand of it. False once that is gone.
    [[nodiscard]] bool watches(void const* context) const
    {
        if (!alive()) return false;
        std::lock_guard const hold{runtime_->watchdog().mutex()};
        return watch_->target && watch_->target->is_context() && watch_->target->context() == context;
    }

    /// What it was begun with. Only if alive().
    [[nodiscard]] watch const& what() const { return *watch_; }

private:
    /// All that has ended until now is reported. False: there is nothing.
    [[nodiscard]] bool settled() const
    {
        if (!alive()) return false;
        runtime_->watchdog().settle(*watch_);
        runtime_->reporter().flush(*watch_);
        return true;
    }

    std::shared_ptr<watch> watch_;
    runtime* runtime_{nullptr};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
