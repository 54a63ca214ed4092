// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "block_report.hpp"
#include "detail/calls_begin.hpp"
#include "detail/config.hpp"
#include "detail/watch_handle.hpp"
#include "options.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

class loop_blocked_error;

namespace detail {

/// The text for a test that ends with this error: as what(), in lines that test frameworks do not break.
[[nodiscard]] LOOPWATCH_DECL std::string failure_text(loop_blocked_error const& error);

}  // namespace detail

/// Thrown by a guard. what() has the text of every block. A copy shares the blocks, and does not throw.
///
/// Thread safety: as for any exception: copies may be read concurrently.
class loop_blocked_error : public std::runtime_error {
public:
    /// For guards, and for tests of code that catches it. `not_kept`: how many more blocks there were; `all_frames`:
    /// for the text, as options::all_frames. Throws: std::bad_alloc.
    explicit loop_blocked_error(std::vector<block_report> blocks, std::uint64_t not_kept = 0, bool all_frames = false);

    /// The blocks, in the order in which they ended. Valid as long as this error or a copy of it.
    [[nodiscard]] std::vector<block_report> const& blocks() const noexcept;

private:
    friend std::string detail::failure_text(loop_blocked_error const&);

    std::shared_ptr<std::vector<block_report> const> blocks_;  // copying an exception must not throw
    std::uint64_t not_kept_;
    bool all_frames_;
};

/// Watches a loop as long as the guard lives, and raises or logs every block that it saw.
///
///     loopwatch::no_loop_blocking guard{ctx, {.threshold = 10ms}};
///
/// The loop may run before, during or after the guard's scope, on any thread, also on the guard's own. Guards may nest,
/// overlap, and outlive their context. In the child of a fork the parent's guards do nothing; with
/// LOOPWATCH_OPTIONS=loopwatch=off no guard does anything.
///
/// Its destructor throws. As a member or base it makes that class's destructor throw as well, unless that is declared
/// noexcept; and where a base class has a virtual destructor that does not throw, as a test's fixture may have, the
/// class does not compile without a noexcept destructor of its own. Where nothing may be thrown a guard that raises
/// ends the program: in such a destructor, and in std::optional, std::unique_ptr and containers, which destroy and
/// reset() under noexcept. Call finish() before, which throws where you can catch it, or use on_block::log:
///
///     std::optional<loopwatch::no_loop_blocking> guard;
///     guard.emplace(ctx, 10ms);
///     ctx.run();
///     guard->finish();  // throws loop_blocked_error
///     guard.reset();    // never throws after finish(), whether that has thrown or not
///
/// In a file that is compiled with -fno-exceptions a guard works as well; one that raises ends the program, by
/// std::terminate(), and the report is printed. If a caller that is compiled with exceptions catches it, the variables
/// of the functions between are not destroyed: there use on_block::log.
///
/// Thread safety: construct, finish and destroy it on one thread at a time; blocks() may be called on any.
/// Cost to the loop: one queued handler per heartbeat, some 100 ns each. Construction and finish() use at most 8 KB of
/// stack, raising not included.
class no_loop_blocking {
public:
    /// Watches a context, or what an executor runs on. Calls the executor's dispatch() once, and waits if that waits;
    /// later, threads of the library call post().
    ///
    /// Throws: std::invalid_argument that names the field of bad options or the key of LOOPWATCH_OPTIONS, and its
    /// value, or the file and line of bad suppressions or a bad baseline; std::system_error if the library's threads
    /// can't be started; std::bad_alloc. Cost to the loop: microseconds; the first guard of a process also reads the
    /// environment and the files that are named.
    template <typename Loop>
        requires(!std::is_same_v<std::remove_cvref_t<Loop>, no_loop_blocking>)
    explicit no_loop_blocking(Loop&& loop, options how = {})
    {
        begin(loop, how, nullptr, LOOPWATCH_THIS_FRAME());
    }

    /// The sink receives every report instead of the log, on the reporter's thread; with on_block::raise the guard also
    /// raises. It is not called after finish() or the destructor has returned. With on_block::log it receives a block
    /// that lasts several times, so one that counts asks for the last report of each:
    ///
    ///     loopwatch::no_loop_blocking guard{ctx, {.action = loopwatch::on_block::log},
    ///                                       [](loopwatch::block_report const& report) {
    ///                                           if (report.ended) metrics.add(report.duration);
    ///                                       }};
    ///
    /// Otherwise as the first constructor.
    template <typename Loop>
    explicit no_loop_blocking(Loop&& loop, options how, sink to)
    {
        begin(loop, how, &to, LOOPWATCH_THIS_FRAME());
    }

    /// The same with a threshold, and otherwise the default options.
    template <typename Loop, typename Rep, typename Period>
    explicit no_loop_blocking(Loop&& loop, std::chrono::duration<Rep, Period> threshold)
    {
        begin(loop, {.threshold = std::chrono::duration_cast<std::chrono::nanoseconds>(threshold)}, nullptr,
              LOOPWATCH_THIS_FRAME());
    }

    no_loop_blocking(no_loop_blocking const&) = delete;
    no_loop_blocking& operator=(no_loop_blocking const&) = delete;

    /// Calls finish() if it was not called. Logs instead of raising during stack unwinding by another
    /// exception, and while the watched context is being destroyed on this thread.
    ///
    /// Throws: loop_blocked_error.
    ~no_loop_blocking() noexcept(false);

    /// Ends the watch and raises what it saw; the destructor then does nothing. A block still under way counts, up to
    /// now. A second call does nothing. In a sink it can't wait for the reporter: blocks that are not reported yet then
    /// count as dropped().
    ///
    /// Throws: loop_blocked_error if a block was seen and the action is on_block::raise.
    /// Thread safety: one thread, once; blocks() may be called on others meanwhile.
    /// Cost to the loop: microseconds; if called on it with blocks to report, until they are reported.
    void finish();

    /// The blocks that have ended so far, also after finish(). A guard that raises keeps the first 1000; one that logs,
    /// whose blocks the log or the sink has, the last 100. A kept report takes 2 KB and more, and its names are shared.
    ///
    /// Throws: std::bad_alloc. Thread safety: any thread. Cost to the loop: none; the caller waits for the reporter if
    /// a block has just ended, some 100 ms the first time in a process.
    [[nodiscard]] std::vector<block_report> blocks() const;

    /// The waits above the threshold that nobody is blamed for, with the reason in block_report::excuse: the loop got
    /// no CPU, the process was stopped, a debugger was attached, options::raise_on leaves the cause out, or it was
    /// allowed, suppressed, or in the baseline. Numbered separately: the last one's number tells how many there were.
    /// As many are kept as of blocks().
    ///
    /// Throws: std::bad_alloc. Thread safety and cost: as blocks().
    [[nodiscard]] std::vector<block_report> excused() const;

    /// How many blocks nobody has heard of: they came faster than they could be reported, there was no memory for them,
    /// or there is no sink or it threw, and blocks() does not have them, nor had them when it was called. Excused waits
    /// are not counted, but for those that there was no memory to keep.
    ///
    /// Thread safety: any thread. Cost to the loop: none.
    [[nodiscard]] std::uint64_t dropped() const;

private:
    template <typename Loop>
    LOOPWATCH_INLINED void begin(Loop& loop, options const& how, sink* to, std::uintptr_t guard_frame)
    {
        watch_.begin(loop, detail::effective(how), to, detail::calls_begin(this, guard_frame));
    }

    void raise();

    detail::watch_handle watch_;
    int entered_with_{std::uncaught_exceptions()};
    bool finished_{false};
};

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
