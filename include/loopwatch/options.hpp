// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "cause.hpp"
#include "detail/config.hpp"

#include <chrono>
#include <string_view>
#include <type_traits>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// What a guard does about the blocks it saw.
enum class on_block {
    raise,  ///< throw loop_blocked_error when the guard ends
    log     ///< report each block to the log or sink when it is over, and after 1, 2, 4, 8... s while it lasts
};

/// When a loop of several threads is blocked.
enum class watch_scope {
    loop,        ///< no thread of it could take a handler
    each_thread  ///< a handler holds any of its threads: needs exact mode
};

/// How to watch. A plain struct for designated initializers:
/// `no_loop_blocking guard{ctx, {.threshold = 10ms}};`
///
/// The environment takes precedence: LOOPWATCH_OPTIONS=threshold=50ms:action=log overrides the fields of these names.
struct options {
    /// How long a ready handler may wait for its turn. Above zero.
    std::chrono::nanoseconds threshold{std::chrono::milliseconds{100}};

    /// The longest time between two heartbeats; a block of threshold + heartbeat_interval is never missed.
    /// 0: a quarter of the threshold. Not above the threshold. A shorter interval wakes the loop more often.
    std::chrono::nanoseconds heartbeat_interval{0};

    /// What is done about the blocks.
    on_block action{on_block::raise};

    /// The causes for which the code is blamed. Blocks of other causes are warnings: logged, and in excused().
    cause_set raise_on{detail::blamed_by_default};  // all except starved and suspended

    /// The loop's name in reports. Copied by the guard.
    std::string_view loop_name{};

    /// Whether logs and errors show all frames, also those that are not the user's, with unshortened names.
    bool all_frames{false};

    /// The path of a file of blocks that nobody is blamed for, one per line:
    /// `culprit:*legacy::* until=2027-01-01 # why`. Read once per process. Empty: none.
    std::string_view suppressions{};

    /// The path of a file of blocks that are accepted for now: only new or worse ones count. If there is no such file,
    /// this process records its blocks in it, and blames nobody. Empty: none.
    std::string_view baseline{};

    /// A block is worse than in the baseline if its own duration is longer by more than this factor. 1 or more.
    double baseline_factor{2.0};

    /// Library code that is compiled into the program: globs separated by commas, such as "third_party/*,vendor::*".
    /// Those with "::" match functions, others source files, from any folder on. Such functions are treated like the
    /// standard library's: they are no culprits, and fold in the text. Copied by the guard.
    std::string_view library_code{};

    /// With each_thread one stuck thread of a pool is a block, though others serve the loop. A guard or watch of a loop
    /// whose files are compiled without exact mode refuses it, and so do one of a strand, which runs on one thread at a
    /// time, and one of a user's own executor.
    watch_scope scope{watch_scope::loop};
};

// gcc 12 copies temporaries of a full expression with co_await bit by bit: an options that owned memory would be
// freed twice in `no_loop_blocking guard{co_await this_coro::executor, {.threshold = 10ms}};`.
static_assert(std::is_trivially_copyable_v<options> && std::is_trivially_destructible_v<options>);

namespace detail {

/// Checks options, and fills in the default interval.
/// Throws: std::invalid_argument that names the field and its value.
[[nodiscard]] LOOPWATCH_DECL options validated(options given);

/// The given options, overridden by LOOPWATCH_OPTIONS, and validated.
/// Throws: std::invalid_argument that names what is wrong, and its value.
[[nodiscard]] LOOPWATCH_DECL options effective(options const& given);

/// Whether LOOPWATCH_OPTIONS has loopwatch=off: nothing is watched, and no thread is started.
/// Throws: std::invalid_argument as effective().
[[nodiscard]] LOOPWATCH_DECL bool turned_off();

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
