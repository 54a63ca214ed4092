// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "detail/config.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Computes until the thread has used this much CPU time; waits for a CPU do not count.
LOOPWATCH_DECL void compute(std::chrono::nanoseconds for_);

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

// Not in namespace loopwatch, whose frames are left out of reports; inline, so that they are compiled in the file that
// calls self_test(), whose debug information is tested.
namespace self_test_of_loopwatch {

/// Blocks by computing.
[[gnu::noinline]] inline void computes_on_the_loop(std::chrono::nanoseconds for_)
{
    loopwatch::detail::compute(for_);
    __asm__ volatile("");  // prevents a tail call, which would leave no frame
}

/// Blocks by sleeping.
[[gnu::noinline]] inline void sleeps_on_the_loop(std::chrono::nanoseconds for_)
{
    std::this_thread::sleep_for(for_);
    __asm__ volatile("");
}

}  // namespace self_test_of_loopwatch

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// What tells of loops.
enum class watch_source {
    heartbeats,  ///< handlers that the watchdog posts
    handlers     ///< what threads write down of the handlers that they run, and heartbeats beside: exact mode
};

/// One thing that a watch needs, and whether it works here.
struct self_test_check {
    std::string what;     ///< "blocks are detected", ...
    bool works{false};    ///< whether it does
    std::string why_not;  ///< "" if it works
};

/// The result of self_test().
struct self_test_result {
    std::vector<self_test_check> checks;  ///< in the order in which they were made

    /// Of loops in the source file that calls self_test().
    watch_source source{watch_source::heartbeats};

    /// Whether everything works. Throws: nothing. Thread safety: any thread.
    [[nodiscard]] bool works() const;

    /// The same as works().
    explicit operator bool() const { return works(); }
};

/// One line per check: "works      blocks are detected", "does not   ...: why"; and "source     heartbeats". Throws:
/// std::bad_alloc. Thread safety: any thread.
[[nodiscard]] LOOPWATCH_DECL std::string to_string(self_test_result const& result);

namespace detail {

using blocker = void (*)(std::chrono::nanoseconds);

[[nodiscard]] LOOPWATCH_DECL self_test_result self_test_by(blocker computes, blocker sleeps, watch_source source);

// Whether the macros of Asio's name our header: it need not be included yet.
#define LOOPWATCH_DETAIL_TEXT(...) #__VA_ARGS__
#define LOOPWATCH_DETAIL_TEXT_OF(macro) LOOPWATCH_DETAIL_TEXT(macro)
constexpr watch_source source_here()
{
    [[maybe_unused]] constexpr auto names_ours = [](std::string_view header) {
        return LOOPWATCH_HAS_UNWINDER() && header.find("loopwatch/exact_tracking.hpp") != header.npos;
    };
    bool is_exact = false;  // NOLINT(misc-const-correctness): with the macros it is changed
#if defined(ASIO_CUSTOM_HANDLER_TRACKING)
    is_exact = is_exact || names_ours(LOOPWATCH_DETAIL_TEXT_OF(ASIO_CUSTOM_HANDLER_TRACKING));
#endif
#if defined(BOOST_ASIO_CUSTOM_HANDLER_TRACKING)
    is_exact = is_exact || names_ours(LOOPWATCH_DETAIL_TEXT_OF(BOOST_ASIO_CUSTOM_HANDLER_TRACKING));
#endif
    return is_exact ? watch_source::handlers : watch_source::heartbeats;
}
#undef LOOPWATCH_DETAIL_TEXT_OF
#undef LOOPWATCH_DETAIL_TEXT

}  // namespace detail

/// Blocks a private loop twice, and returns whether that was detected, captured, named and explained. So a watch that
/// does not work is not mistaken for a program without blocks. Call it once in a suite, or at the start of a service:
///
///     if (auto const test = loopwatch::self_test(); !test) std::cerr << to_string(test);
///
/// It does not check whether the program's own loops are watched, nor whether all of its code has debug information:
/// files and lines are checked for the source file that calls it.
///
/// Throws: std::system_error if no thread can be started; std::bad_alloc. Thread safety: any thread; takes some 0.4 s,
/// so on a loop's thread it is a block. Cost to other loops: none.
[[nodiscard]] inline self_test_result self_test()
{
    return detail::self_test_by(&self_test_of_loopwatch::computes_on_the_loop,
                                &self_test_of_loopwatch::sleeps_on_the_loop, detail::source_here());
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

// Not part of the core's implementation: only files that include this header compile it.
#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/self_test.hpp"
#endif
