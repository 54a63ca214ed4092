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

/// What a guard does about the blocks it saw, when it ends.
enum class on_block {
    raise,  ///< throw loop_blocked_error when the guard ends
    log     ///< write each block to the sink as soon as it is over, and every 1, 2, 4, 8... s while it lasts
};

/// How to watch. A plain struct for designated initializers:
/// `no_loop_blocking guard{ctx, {.threshold = 10ms}};`
///
/// The environment has the last word: LOOPWATCH_OPTIONS=threshold=50ms:action=log overrides the fields of these names.
struct options {
    /// How long a ready handler may wait for its turn. Above zero.
    std::chrono::nanoseconds threshold{std::chrono::milliseconds{100}};

    /// At most this long between two heartbeats; a block of threshold + heartbeat_interval is never missed.
    /// 0: a quarter of the threshold. Not above the threshold. The shorter, the more wake-ups of the loop.
    std::chrono::nanoseconds heartbeat_interval{0};

    on_block action{on_block::raise};

    /// The causes for which the code is blamed. Blocks of other causes are warnings: logged, and in excused().
    cause_set raise_on{detail::blamed_by_default};  // all but starved and suspended

    /// Names the loop in reports. Copied by the guard.
    std::string_view loop_name{};

    /// Whether logs and errors show every frame, also the runs that are not the user's, with all of their names.
    bool all_frames{false};

    /// A file that names blocks nobody is blamed for, one a line: `culprit:*legacy::* until=2027-01-01 # why`. Read
    /// once per process. Empty: there is none.
    std::string_view suppressions{};

    /// A file of the blocks that are known already: only new or worse ones count. If it is not there, this process
    /// records it, and blames nobody. Empty: there is none.
    std::string_view baseline{};

    /// A block is worse than in the baseline if it was longer by more than this factor. 1 or more.
    double baseline_factor{2.0};

    /// Other people's code that is compiled into the program: globs, separated by commas, of source files, from any
    /// folder on, and of functions, those with "::" in them: "third_party/*,vendor::*". Its functions are no culprits,
    /// and fold in the text, as the standard library's. Copied by the guard.
    std::string_view library_code{};
};

// gcc 12 copies temporaries of a full expression with co_await bit by bit: an options that owned memory would be
// freed twice in `no_loop_blocking guard{co_await this_coro::executor, {.threshold = 10ms}};`.
static_assert(std::is_trivially_copyable_v<options> && std::is_trivially_destructible_v<options>);

namespace detail {

/// Returns the options with the default interval filled in.
/// Throws: std::invalid_argument that names the field and its value.
[[nodiscard]] LOOPWATCH_DECL options validated(options given);

/// What is watched with: the options of the code, over them those of the environment, and all of them validated.
/// Throws: std::invalid_argument that names what is wrong, and its value.
[[nodiscard]] LOOPWATCH_DECL options effective(options const& given);

/// LOOPWATCH_OPTIONS=loopwatch=off: nothing is watched, and no thread is started. Throws as effective().
[[nodiscard]] LOOPWATCH_DECL bool turned_off();

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
