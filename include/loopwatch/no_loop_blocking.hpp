// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "block_report.hpp"
#include "detail/calls_begin.hpp"
#include "detail/config.hpp"
#include "detail/environment.hpp"
#include "detail/runtime.hpp"
#include "detail/watch_handle.hpp"
#include "format.hpp"
#include "options.hpp"
#include "sinks.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <ratio>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// What a guard throws. what() is the text of every block.
class loop_blocked_error : public std::runtime_error {
public:
    explicit loop_blocked_error(std::vector<block_report> blocks, std::uint64_t not_kept = 0, bool all_frames = false)
        : std::runtime_error{text_of(blocks, not_kept, all_frames)},
          blocks_{std::make_shared<std::vector<block_report> const>(std::move(blocks))}
    {
    }

    /// The blocks, in the order in which they ended. Valid as long as this error or a copy of it.
    [[nodiscard]] std::vector<block_report> const& blocks() const noexcept { return *blocks_; }

private:
    static std::string text_of(std::vector<block_report> const& blocks, std::uint64_t not_kept, bool all_frames)
    {
        std::string all;
        for (block_report const& b : blocks) all += to_string(b, all_frames);
        if (not_kept > 0) all += "and " + std::to_string(not_kept) + " more that could not be kept\n";
        return all;
    }

    std::shared_ptr<std::vector<block_report> const> blocks_;  // an exception's copies must not throw
};

/// Watches a loop as long as it lives, and raises or logs every block that it saw.
///
///     loopwatch::no_loop_blocking guard{ctx, {.threshold = 10ms}};
///
/// The loop may run before, in or after the guard's scope, on any thread, also on the guard's own. Guards may nest,
/// overlap, and outlive their context. In the child of a fork a guard of the parent does nothing; nor does any with
/// LOOPWATCH_OPTIONS=loopwatch=off.
///
/// Thread safety: construct, finish and destroy it on one thread at a time; blocks() may be called on any.
/// Cost to the loop: one queued handler per heartbeat, some 100 ns each.
class no_loop_blocking {
public:
    /// Watches a context, or whatever an executor runs on.
    ///
    /// Throws: std::invalid_argument that names the field of bad options, or the key of LOOPWATCH_OPTIONS, and its
    /// value, or the file and line of bad suppressions or of a bad baseline; std::system_error if the library's threads
    /// can't be started; std::bad_alloc. Cost to the loop: microseconds; the first guard of a process also reads the
    /// environment and the files that are named.
    template <typename Loop>
        requires(!std::is_same_v<std::remove_cvref_t<Loop>, no_loop_blocking>)
    explicit no_loop_blocking(Loop&& loop, options how = {})
    {
        begin(loop, how, {}, LOOPWATCH_THIS_FRAME());
    }

    /// The sink receives every report instead of the log, on the reporter's thread; with on_block::raise the guard
    /// raises even so. It is not called any more once finish() or the destructor has returned.
    template <typename Loop>
    explicit no_loop_blocking(Loop&& loop, options how, sink to)
    {
        begin(loop, how, std::move(to), LOOPWATCH_THIS_FRAME());
    }

    template <typename Loop, typename Rep, typename Period>
    explicit no_loop_blocking(Loop&& loop, std::chrono::duration<Rep, Period> threshold)
    {
        begin(loop, {.threshold = std::chrono::duration_cast<std::chrono::nanoseconds>(threshold)}, {},
              LOOPWATCH_THIS_FRAME());
    }

    no_loop_blocking(no_loop_blocking const&) = delete;
    no_loop_blocking& operator=(no_loop_blocking const&) = delete;

    /// finish(), if it was not called. While another exception is on its way, and while the watched context is being
    /// destroyed on this thread, it logs instead of raising.
    ///
    /// Throws: loop_blocked_error.
    ~no_loop_blocking() noexcept(false)
    {
        if (finished_ || !watch_.alive()) return;
        finished_ = true;
        watch_.end();
        if (watch_.what().action != on_block::raise) return;
        if (std::uncaught_exceptions() == entered_with_ && !detail::runtime::is_shutting_down_here()) {
            raise();
            return;
        }
        if (watch_.what().sink) return;  // it has got them all
        for (block_report const& b : blocks()) write_to_stderr(b, watch_.what().all_frames);
    }

    /// Ends the watch and raises what it saw; after it the destructor does nothing. A block that is still under way
    /// counts, up to now. A second call does nothing.
    ///
    /// Throws: loop_blocked_error if a block was seen and the action is on_block::raise.
    /// Thread safety: one thread, once; blocks() may be called on others meanwhile.
    /// Cost to the loop: microseconds; if there are blocks to report, until they are.
    void finish()
    {
        if (finished_ || !watch_.alive()) return;
        finished_ = true;
        watch_.end();
        if (watch_.what().action == on_block::raise) raise();
    }

    /// Every block that has ended until now, also after finish(). At most 1000 are kept, the first ones.
    ///
    /// Throws: std::bad_alloc. Thread safety: any thread. Cost to the loop: none; the caller waits for the reporter if
    /// a block has just ended, some 100 ms the first time in a process.
    [[nodiscard]] std::vector<block_report> blocks() const { return watch_.blocks(); }

    /// The waits above the threshold that nobody is blamed for, with the reason in block_report::excuse: the loop was
    /// not given a CPU, the process stood still, a debugger was attached, or options::raise_on leaves the cause out.
    /// They are numbered on their own. At most 1000 are kept.
    ///
    /// Throws: std::bad_alloc. Thread safety and cost: as blocks().
    [[nodiscard]] std::vector<block_report> excused() const { return watch_.excused(); }

    /// How many blocks were seen beyond those that blocks() can tell: they came faster than they could be reported,
    /// there were too many to keep, or the sink threw.
    ///
    /// Thread safety: any thread. Cost to the loop: none.
    [[nodiscard]] std::uint64_t dropped() const { return watch_.dropped(); }

private:
    template <typename Loop>
    void begin(Loop& loop, options const& how, sink to, std::uintptr_t made_at)
    {
        watch_.begin(loop, detail::validated(detail::with_environment(how)), std::move(to),
                     detail::calls_begin(this, made_at));
    }

    void raise()
    {
        auto seen = blocks();
        if (!seen.empty()) throw loop_blocked_error{std::move(seen), dropped(), watch_.what().all_frames};
    }

    detail::watch_handle watch_;
    int entered_with_{std::uncaught_exceptions()};
    bool finished_{false};
};

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
