// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "detail/config.hpp"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Computes for this long by the thread's own clock, which stands still while a busy machine gives it no CPU.
LOOPWATCH_DECL void compute(std::chrono::nanoseconds for_);

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

// Not in namespace loopwatch, whose frames are left out of reports; and in the file that calls self_test(), for whose
// functions and lines it answers.
namespace self_test_of_loopwatch {

/// Blocks by computing.
[[gnu::noinline]] inline void computes_on_the_loop(std::chrono::nanoseconds for_)
{
    loopwatch::detail::compute(for_);
    __asm__ volatile("");  // else the call above were this function's end, and a jump
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

/// Whether one thing that a watch needs works here.
struct self_test_check {
    std::string what;  ///< "blocks are detected", ...
    bool works{false};
    std::string why_not;  ///< "" if it works
};

/// What self_test() found out.
struct self_test_result {
    std::vector<self_test_check> checks;

    /// Whether everything works.
    [[nodiscard]] bool works() const;
    explicit operator bool() const { return works(); }
};

/// One line a check: "works    blocks are detected", "does not  ...: why".
[[nodiscard]] LOOPWATCH_DECL std::string to_string(self_test_result const& result);

namespace detail {

using blocker = void (*)(std::chrono::nanoseconds);

[[nodiscard]] LOOPWATCH_DECL self_test_result self_test_by(blocker computes, blocker sleeps);

}  // namespace detail

/// Blocks a loop of its own, twice, and tells what of it was detected, captured, named and explained: a watch that
/// can't see is then not taken for a program without blocks. Require it once in a suite, or at the start of a service:
///
///     if (auto const test = loopwatch::self_test(); !test) std::cerr << to_string(test);
///
/// Whether a loop of the program's own is watched, and whether its own code has debug information, it can't tell: of
/// the files and lines, those of the source file that calls it.
///
/// Throws: std::system_error if no thread can be started; std::bad_alloc. Thread safety: any thread, but on that of a
/// loop it is a block. Takes some 0.4 s. Cost to other loops: none.
[[nodiscard]] inline self_test_result self_test()
{
    return detail::self_test_by(&self_test_of_loopwatch::computes_on_the_loop,
                                &self_test_of_loopwatch::sleeps_on_the_loop);
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

// Its implementation is no part of the core's: only who asks for it compiles it.
#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/self_test.hpp"
#endif
