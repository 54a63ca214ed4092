// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../block_report.hpp"
#include "../options.hpp"
#include "config.hpp"
#include "loop.hpp"
#include "shared.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

struct watch;
class runtime;

/// Who answers for the blocks of a watch.
enum class audience {
    log_or_raise,  ///< the watch by itself, as its options say
    collected      ///< code of ours that asks for them, and tells of them in its own way
};

/// One watch, from its beginning to its end: what every kind of guard holds. It does nothing where it was not begun,
/// where the environment has turned it off, and in the child of a fork. What its functions throw and cost is said at
/// those of the guard, which bear the same names.
class watch_handle {
public:
    watch_handle() noexcept;
    watch_handle(watch_handle const&) = delete;
    watch_handle& operator=(watch_handle const&) = delete;
    ~watch_handle();

    /// `how` is effective(). `to`: null for none; it is moved from. `guard_frame`: where the frames end that the thread
    /// will call from where the guard is.
    template <typename Loop>
    LOOPWATCH_INLINED void begin(Loop& loop, options const& how, sink* to, std::uintptr_t guard_frame,
                                 audience whose = audience::log_or_raise)
    {
        if (!turned_off()) begin(make_loop(loop), how, to, guard_frame, whose);
    }
    void begin(loop_ptr of, options const& how, sink* to, std::uintptr_t guard_frame, audience whose);

    [[nodiscard]] bool alive() const;

    /// Ends it, and waits until all that was seen is reported. Only if alive().
    void end();

    [[nodiscard]] std::vector<block_report> blocks() const;
    [[nodiscard]] std::vector<block_report> excused() const;
    [[nodiscard]] std::uint64_t dropped() const;

    /// Whether it watches this very context, and not only a strand of it. False once that is gone.
    [[nodiscard]] bool watches(void const* context) const;

    /// What it was begun with. Only if alive().
    [[nodiscard]] watch const& what() const { return *watch_; }

private:
    [[nodiscard]] bool settled() const;

    shared<watch> watch_;
    runtime* runtime_{nullptr};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
