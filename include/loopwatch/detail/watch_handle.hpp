// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../block_report.hpp"
#include "../options.hpp"
#include "config.hpp"
#include "loop.hpp"
#include "owned.hpp"
#include "shared.hpp"

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

// In exact mode every file with a guard tells how its loops' schedulers are found: what threads write down is of these.
#if defined(LOOPWATCH_TRACKS_ASIO) || defined(LOOPWATCH_TRACKS_BOOST_ASIO)
#include "../schedulers.hpp"
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

struct watch;
struct watch_settings;
class loop_vitals;
class report_receiver;
class runtime;

/// Who receives the blocks of a watch.
enum class audience {
    log_or_raise,  ///< the log, sink or guard, as the options say
    collected,     ///< code of this library that calls blocks(), and reports them itself
    itself         ///< the same, of blocks that are none of the program's
};

/// One watch, held by every kind of guard. It does nothing before begin(), if LOOPWATCH_OPTIONS turns it off, and in
/// the child of a fork. What its functions throw and cost is documented at those of no_loop_blocking of the same names.
class watch_handle {
public:
    watch_handle() noexcept;
    watch_handle(watch_handle const&) = delete;
    watch_handle& operator=(watch_handle const&) = delete;
    ~watch_handle();

    /// `how`: from effective(). `to`: null for none; it is moved from. `guard_frame`: from calls_begin().
    template <typename Loop>
    LOOPWATCH_INLINED void begin(Loop& loop, options const& how, sink* to, std::uintptr_t guard_frame,
                                 audience whose = audience::log_or_raise)
    {
        if (turned_off()) return;
        prepare();
        begin(make_loop(loop), how, to, guard_frame, whose);
    }
    void begin(loop_ptr of, options const& how, sink* to, std::uintptr_t guard_frame, audience whose);

    /// All reports go to `to`, and none is kept.
    void begin(loop_ptr of, options const& how, shared<report_receiver> const& to, shared<loop_vitals> const& vitals,
               std::uintptr_t guard_frame);

    [[nodiscard]] bool alive() const;

    /// Ends the watch, and waits until all blocks seen are reported. Only if alive().
    void end();

    // While it is watched, from any thread. They do nothing if it is not alive, or its context is gone.

    /// Other times hold from now on, both of them validated. What waits just now is judged by the new threshold, from
    /// its beginning; a block under way remains one. Costs microseconds.
    void change(std::chrono::nanoseconds threshold, std::chrono::nanoseconds heartbeat_interval);

    /// Nothing is sent and nothing is seen until resume(). A block under way counts up to now, and is reported with
    /// `ended` as at the end of a watch. Costs microseconds, or waits for the watchdog if there is a block.
    void pause();
    /// Watches again, as from a guard's beginning. Costs microseconds.
    void resume();
    [[nodiscard]] bool paused() const;

    /// Waits until all blocks that have ended are reported. False: the watch is not alive.
    bool settle() const;
    /// The same, but not for long after `until`. False: they are not by then, or the watch is not alive.
    [[nodiscard]] bool settle(std::chrono::steady_clock::time_point until) const;

    [[nodiscard]] std::vector<block_report> blocks() const;
    [[nodiscard]] std::vector<block_report> excused() const;
    [[nodiscard]] std::uint64_t dropped() const;

    /// How many blocks are not in blocks(): there were too many to keep, or no report was made of them.
    [[nodiscard]] std::uint64_t not_kept() const;

    /// Whether it watches this whole context, not only a strand of it. False once the context is destroyed.
    [[nodiscard]] bool watches(void const* context) const;

    /// The watch begun by begin(). Only if alive().
    [[nodiscard]] watch const& what() const { return *watch_; }

private:
    /// Starts the library's threads, if there are none. Needs the most stack of all that begins a watch: so it comes
    /// first.
    static void prepare();
    void begin(watch_settings&& settings, std::chrono::nanoseconds heartbeat_interval, owned<loop> target,
               std::uintptr_t guard_frame);

    shared<watch> watch_;
    runtime* runtime_{nullptr};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
