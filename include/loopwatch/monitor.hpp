// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "block_notice.hpp"
#include "cause.hpp"
#include "detail/calls_begin.hpp"
#include "detail/config.hpp"
#include "detail/loop.hpp"
#include "detail/shared.hpp"
#include "detail/watch_handle.hpp"
#include "health.hpp"
#include "monitor_numbers.hpp"
#include "monitor_sink.hpp"
#include "options.hpp"
#include "recording.hpp"

// By it the library knows which threads run a loop. Where no Asio was included before, another file of the program may
// include this one after it, or loopwatch.hpp.
#if defined(ASIO_DETAIL_CONFIG_HPP) || defined(BOOST_ASIO_DETAIL_CONFIG_HPP)
#include "schedulers.hpp"
#endif

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

class black_box;

namespace detail {

class monitor_core;
class monitor_view;
struct monitored;

}  // namespace detail

/// How much a monitor tells, and how much it remembers. Limits are for logs: numbers count every block.
struct monitor_limits {
    /// Reports in full, of all loops together, within any minute. A block of a code path that was not told in full yet
    /// goes before one that was. 0: every block is told in one line.
    unsigned full_reports_per_minute{5};

    /// Lines of one notice each, within any minute. 0: none.
    unsigned lines_per_minute{60};

    /// After one line about a code path, the time until the next. Doubles with each, up to an hour; starts anew when
    /// the code path has been quiet for as long as the hour. Not negative.
    std::chrono::nanoseconds first_interval{std::chrono::seconds{10}};

    /// From which length on a block is an error, and no warning. 0: ten times the threshold. Not negative.
    std::chrono::nanoseconds error_above{0};

    /// How many code paths are told apart. Those that come later are counted under "other". 1 or more.
    std::size_t code_paths{1000};

    /// How many notices wait for a sink that is slow. Those that come then are lost to it. 1 or more.
    std::size_t queue{1000};

    /// How many blocks are kept in full for recent(): the last ones.
    std::size_t recent{100};
};

/// One line of a ranking: all blocks of one code path.
struct ranked_path {
    std::string culprit;  ///< the function to change; "other" for those that are not told apart, "" if none is known
    std::string file;     ///< its source file, as the compiler recorded it; or ""
    unsigned line{};      ///< where it blocked the last time; or 0
    loopwatch::cause cause{};            ///< why it blocked
    std::string loop;                    ///< the loop that it blocked the last time
    std::string evidence;                ///< of the longest one, as block_report::evidence
    std::uint64_t count{};               ///< blocks
    std::chrono::nanoseconds total{};    ///< for how long these blocked together
    std::chrono::nanoseconds longest{};  ///< the longest of them
    double share{};                      ///< of the time that all blocks took, 0 to 1
};

/// A loop that a monitor watches: ends with this handle, with its monitor, or with its context, whichever ends first.
///
/// Thread safety: different handles on any threads; one handle on one thread at a time, but for name() and
/// is_overloaded().
class [[nodiscard]] watched_loop {
public:
    /// Watches nothing. Throws: nothing.
    watched_loop() noexcept;

    watched_loop(watched_loop const&) = delete;
    watched_loop& operator=(watched_loop const&) = delete;

    /// `other` then watches nothing. Throws: nothing.
    watched_loop(watched_loop&& other) noexcept;

    /// Ends this watch, and takes that one. Throws: nothing.
    watched_loop& operator=(watched_loop&& other) noexcept;

    /// As end().
    ~watched_loop();

    /// Ends the watch. A block under way counts up to now. Its numbers stay with the monitor. Does nothing the second
    /// time.
    ///
    /// Throws: nothing. Cost to the loop: as for a guard's end.
    void end() noexcept;

    /// The name in reports and numbers; "" if it watches nothing. Valid as long as the handle. Throws: nothing.
    [[nodiscard]] std::string_view name() const noexcept;

    /// For load shedding: whether a handler of this loop has waited for longer than this within the last second, or
    /// waits now. False if it watches nothing, if nobody runs the loop, and while the monitor is paused. What waits now
    /// and is no block yet is known to as it was a heartbeat interval ago at most.
    ///
    ///     if (api_loop.is_overloaded(50ms)) return respond(503);
    ///
    /// Fit for each request: some nanoseconds, no lock and no allocation. Throws: nothing.
    [[nodiscard]] bool is_overloaded(std::chrono::nanoseconds bound = std::chrono::milliseconds{100}) const noexcept;

private:
    friend class monitor;
    explicit watched_loop(detail::shared<detail::monitored> one) noexcept;

    detail::shared<detail::monitored> one_;
};

/// Watches the loops of a service for as long as that runs, and logs what blocks them. It never throws once it is made,
/// never stops the service, and tells no more than monitor_limits says, however much there is to tell.
///
///     loopwatch::monitor monitor{{.threshold = 100ms}};
///     auto watched = monitor.watch(ctx, "api");
///
/// All monitors and guards of a process share one watchdog. LOOPWATCH_OPTIONS takes precedence over the options; what
/// these say of raising does not apply. options::suppressions, baseline and library_code do: a known block is
/// neither told nor counted. In the child of a fork a monitor of the parent does nothing.
///
/// Fit for a class's member, std::optional and containers: it moves, and neither that nor its destructor throws. Where
/// it has moved from, only destruction and assignment are allowed.
///
/// Thread safety: all functions but moves and the destructor may be called on any threads at a time.
class monitor {
public:
    /// Logs to standard error. Throws: std::invalid_argument that names the field of bad options, the key of
    /// LOOPWATCH_OPTIONS, and its value, or a file of theirs; std::system_error if a thread can't be started;
    /// std::bad_alloc.
    explicit monitor(options how = {});

    /// Tells these sinks. With none it only counts. Throws: as above, also for a field of the limits.
    explicit monitor(options how, std::vector<monitor_sink> const& sinks, monitor_limits limits = {});

    /// Watches one loop, named options::loop_name, for as long as the monitor lives. Throws: as the first one and
    /// watch().
    template <typename Loop>
        requires(!std::same_as<std::remove_cvref_t<Loop>, monitor> && !std::same_as<std::remove_cvref_t<Loop>, options>)
    explicit monitor(Loop&& loop, options how = {}) : monitor{how}
    {
        own_.push_back(watch(loop, how.loop_name));
    }

    /// The same with sinks of your own.
    template <typename Loop>
        requires(!std::same_as<std::remove_cvref_t<Loop>, monitor> && !std::same_as<std::remove_cvref_t<Loop>, options>)
    explicit monitor(Loop&& loop, options how, std::vector<monitor_sink> const& sinks, monitor_limits limits = {})
        : monitor{how, sinks, limits}
    {
        own_.push_back(watch(loop, how.loop_name));
    }

    monitor(monitor const&) = delete;
    monitor& operator=(monitor const&) = delete;

    /// Throws: nothing.
    monitor(monitor&& other) noexcept;

    /// Ends what it watched, and takes what the other watches. Throws: nothing.
    monitor& operator=(monitor&& other) noexcept;

    /// Ends all of its watches, and gives each sink up to a second to write what waits. What it has not written by then
    /// is lost. Throws: nothing.
    ~monitor();

    /// Watches a context, a pool, or what an executor runs on. `name`: for reports and numbers, copied; without one it
    /// is "loop 1", "loop 2"...: options::loop_name is for a monitor of one loop. Two loops of one name share their
    /// numbers.
    ///
    /// Throws: what a guard's constructor throws. Cost to the loop: as for a guard.
    template <typename Loop>
    [[nodiscard]] watched_loop watch(Loop&& loop, std::string_view name = {})
    {
        std::uintptr_t guard_frame = LOOPWATCH_THIS_FRAME();
        if constexpr (detail::has_executor<std::remove_cvref_t<Loop>>)
            guard_frame = detail::calls_begin(&loop, guard_frame);
        if (detail::turned_off()) return {};
        return begin(detail::make_loop(loop), name, guard_frame);
    }

    /// The code paths that held the loops longest, by total time, longest first; at most `most`.
    ///
    /// Throws: std::bad_alloc. Cost to the loop: none; may wait for the reporter to count one block.
    [[nodiscard]] std::vector<ranked_path> top(std::size_t most = 10) const;

    /// All that was counted, of loops that are watched no more, too. See monitor_numbers.hpp.
    ///
    /// Throws: std::bad_alloc. Cost to the loops: none; the reporter may wait while they are copied.
    [[nodiscard]] monitor_numbers numbers() const;

    /// The same in Prometheus' text format, for an endpoint that it scrapes: "text/plain; version=0.0.4". The metrics
    /// are listed in docs/monitoring.md; prometheus_collectable.hpp is for services that have a registry.
    ///
    /// Throws: std::bad_alloc. Cost to the loops: none.
    [[nodiscard]] std::string prometheus() const;

    /// How the loops are. It answers also while they are stuck, so ask on a thread, or a loop, that is not. Not ok is a
    /// loop that has been blocked for longer than `bound`, which is told no finer than the threshold. A loop that
    /// nobody runs is ok.
    ///
    /// The default is what Kubernetes' probes wait for an answer by default: the answer is what it would be if the
    /// stuck loop itself had to give it.
    ///
    /// Throws: std::bad_alloc. Cost to the loops: none. Waits for no thread that is stuck, and for nothing that takes
    /// longer than microseconds.
    [[nodiscard]] health_report health(std::chrono::nanoseconds bound = std::chrono::seconds{1}) const;

    /// As watched_loop::is_overloaded(), of any loop of this name. False if there is none.
    ///
    /// Throws: nothing. Takes a lock that is held for microseconds, and looks for the name among all loops.
    [[nodiscard]] bool is_overloaded(std::string_view name,
                                     std::chrono::nanoseconds bound = std::chrono::milliseconds{100}) const noexcept;

    /// The last blocks in full, oldest first: as many as monitor_limits::recent. Throws: std::bad_alloc. Cost to the
    /// loop: none.
    [[nodiscard]] std::vector<block_report> recent() const;

    /// The same, for html_page() and the other pictures (pictures.hpp), with the number of blocks that are not kept any
    /// more.
    ///
    /// Throws: std::bad_alloc. Cost to the loop: none.
    [[nodiscard]] loopwatch::recording recording() const;

    /// Waits until all blocks that have ended are counted, and all sinks have written what was told them, but for at
    /// most `patience`. Returns whether they have. For tests, and before a process is ended on purpose.
    ///
    /// Throws: nothing. Not to be called in a sink.
    bool flush(std::chrono::nanoseconds patience = std::chrono::seconds{1}) noexcept;

    /// How many notices sinks have lost: they were full, threw, or did not write what waited in the end.
    [[nodiscard]] std::uint64_t lost() const noexcept;

    /// Has all sinks open their files anew, each on its own thread: after log rotation. Not for signal handlers; set a
    /// flag or use asio::signal_set. Throws: nothing.
    void reopen_sinks() noexcept;

    /// From now on: another threshold for all loops; the interval becomes the default, a quarter. Throws:
    /// std::invalid_argument if it is not above zero. Cost to the loops: none.
    void set_threshold(std::chrono::nanoseconds threshold);

    /// From now on: other limits. What is remembered stays. Throws: std::invalid_argument that names the field.
    void set_limits(monitor_limits limits);

    /// From now on: other sinks. The old ones end as with the monitor, which may take a second: not for a loop's
    /// thread. Throws: std::system_error; std::bad_alloc; then nothing has changed.
    void set_sinks(std::vector<monitor_sink> const& sinks);

    /// Calls a function with the notice of each block as soon as it reaches this length, while it still lasts, on a
    /// thread of its own, whatever the sinks do: to tell a pager, or abort_process(). A null function, or 0: no longer.
    ///
    /// Throws: std::invalid_argument if it is negative; std::system_error; std::bad_alloc.
    void escalate(std::chrono::nanoseconds above, std::function<void(block_notice const&)> function);

    /// Records to a black box, from the next block of each loop on: see black_box.hpp, which is to be included. It
    /// stays open as long as the monitor.
    ///
    /// Throws: std::bad_alloc. Cost to the loops: none.
    void record_to(black_box const& box);

    /// Watches nothing until resume(). Costs nothing meanwhile. Throws: nothing.
    void pause() noexcept;

    /// Throws: nothing.
    void resume() noexcept;

private:
    friend class detail::monitor_view;
    void close() noexcept;
    [[nodiscard]] watched_loop begin(detail::loop_ptr loop, std::string_view name, std::uintptr_t guard_frame);

    detail::shared<detail::monitor_core> core_;
    std::vector<watched_loop> own_;
};

/// For monitor::escalate(): writes the report in full to standard error, with the stuck thread's stack, and calls
/// std::abort(), for a supervisor to start the service anew. Never returns.
[[noreturn]] LOOPWATCH_DECL void abort_process(block_notice const& notice);

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

// Not part of the core's implementation: only files that include this header compile it.
#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/monitor.hpp"
#endif
