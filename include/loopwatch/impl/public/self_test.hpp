// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../capture.hpp"
#include "../../cause.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/watch_handle.hpp"
#include "../../options.hpp"
#include "../../self_test.hpp"
#include "../base/clock.hpp"
#include "../base/formatted.hpp"
#include "../exact/untracked_files.hpp"
#include "../testing/self_test_block.hpp"
#include "private_loop.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if LOOPWATCH_HAS_LINUX()
#include <time.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

LOOPWATCH_DECL bool self_test_result::works() const
{
    return !checks.empty() && detail::all_of(checks, [](self_test_check const& each) { return each.works; });
}

LOOPWATCH_DECL std::string to_string(self_test_result const& result)
{
    std::string text;
    for (self_test_check const& c : result.checks)
        text += c.works ? detail::formatted("works      {}\n", {c.what})
                        : detail::formatted("does not   {}: {}\n", {c.what, c.why_not});
    text += result.source == watch_source::handlers ? "source     handlers, as threads write them down: exact mode\n"
                                                    : "source     heartbeats\n";
    return text;
}

namespace detail {

LOOPWATCH_DECL void compute(nanoseconds for_)
{
    auto const now = [] {
#if LOOPWATCH_HAS_LINUX()
        timespec t{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return std::chrono::seconds{t.tv_sec} + nanoseconds{t.tv_nsec};
#else
        return clock::now().time_since_epoch();
#endif
    };
    for (auto const until = now() + for_; now() < until;) {
    }
}

/// Blocks a private loop by `blocks`, and returns the blocks seen.
inline std::vector<block_report> blocks_of_private_loop(nanoseconds threshold, std::function<void()> const& blocks)
{
    private_loop loop;
    watch_handle watch;
    auto const executor = loop.get_executor();
    watch.begin(executor, validated({.threshold = threshold, .raise_on = cause_set::all()}), nullptr,
                LOOPWATCH_THIS_FRAME(), audience::itself);
    if (!watch.alive()) return {};
    loop.run_through(threshold * 2);  // heartbeats show on which thread the loop runs
    loop.run(blocks);
    loop.run_through(threshold * 2);
    watch.end();
    return watch.blocks();
}

LOOPWATCH_DECL self_test_result self_test_by(blocker computes, blocker sleeps, watch_source source)
{
    using namespace std::chrono_literals;
    constexpr auto threshold = 20ms;
    constexpr auto block = 80ms;

    auto const ability = can_capture();
    self_test_block const running{blocks_of_private_loop(threshold, [&] { computes(block); }), "computes_on_the_loop"};
    self_test_block const asleep{blocks_of_private_loop(threshold, [&] { sleeps(block); }), "sleeps_on_the_loop"};

    self_test_result result;
    result.source = source;
    auto const check = [&](std::string_view what, bool works, std::string why_not) {
        result.checks.push_back({std::string{what}, works, works ? std::string{} : std::move(why_not)});
    };
    auto const both = [&](bool self_test_block::* member) { return running.*member && asleep.*member; };
    auto const first_of = [](std::string const& a, std::string const& b) { return a.empty() ? b : a; };

    bool const detected = both(&self_test_block::detected);
    check("blocks are detected", detected, first_of(running.why_not, asleep.why_not));
    check("a thread may be asked for its stack by a signal", ability.works, ability.why_not);
    auto const has_stack = [](self_test_block const& b) { return b.detected && !b.report.stack.empty(); };
    check("the stack of a thread that runs is taken", has_stack(running), running.why_not);
    check("the stack of a thread that sleeps is taken", has_stack(asleep), asleep.why_not);
    bool const named = both(&self_test_block::is_named);
    check("functions are named", named,
          has_stack(running) && has_stack(asleep)
              ? "the program has no symbols for its own functions: do not strip it, or link it with -rdynamic"
              : "there is no stack");
    // What libbacktrace does not find it may have lost among functions of several units: docs/design.md, "Names".
    check("files and lines are known", both(&self_test_block::has_line),
          !named                  ? "functions are not named"
          : LOOPWATCH_HAS_LIBDW() ? "the program has no debug information: compile it with -g"
                                  : "the program has no debug information: compile it with -g; if it was, then "
                                    "libbacktrace does not find it, and libdw would");
    auto const explained = [](self_test_block const& b, cause expected) {
        return b.detected && b.report.cause == expected;
    };
    check("computing is told from waiting", explained(running, cause::cpu) && explained(asleep, cause::blocking_call),
          detail::formatted("computing was called {}, and sleeping {}: the files of /proc/self/task can't be read",
                            {to_string(running.report.cause), to_string(asleep.report.cause)}));
    if (source == watch_source::handlers) {
        untracked_code const found = find_untracked_code();
        check("all files that include Asio are compiled in exact mode", found.empty(),
              found.operation.empty() ? found.library + " is not, and the loader has bound it to the program's Asio"
                                      : "one that is not has the operation " + found.operation);
    }
    return result;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
