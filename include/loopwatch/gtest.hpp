// SPDX-License-Identifier: BSL-1.0

/// \file
/// For GoogleTest 1.12 and later. To watch a whole suite, in one source file of the test program:
///
///     #include <loopwatch/gtest.hpp>
///     LOOPWATCH_GTEST_LISTENER(.tests = "Net*.*", .watch = {.threshold = 50ms})
///
/// Then each of these tests fails if one of its loops was blocked, with the reports as the message; without arguments,
/// all tests are watched. For one statement there is EXPECT_NO_LOOP_BLOCKING(client.fetch());, and a fixture,
/// no_loop_blocking_test. They see the loops described at current_watch(): every watched_io_context, and what was
/// added.
///
/// The library's threads start with the first loop that is watched. GoogleTest warns of threads when it forks for a
/// death test, unless its style is "threadsafe".

// No include guard around the whole: each inclusion checks anew which Asio was included, for the fixture.
#include "watched_io_context.hpp"

#ifndef LOOPWATCH_GTEST_HPP
#define LOOPWATCH_GTEST_HPP

#include "current_watch.hpp"
#include "detail/config.hpp"
#include "detail/suite/open_scope.hpp"
#include "detail/suite/statement.hpp"
#include "detail/suite/suite_watch.hpp"
#include "detail/suite/tags.hpp"
#include "detail/suite/test_filter.hpp"
#include "options.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// Which tests a listener watches, and how.
struct gtest_options {
    /// A filter like --gtest_filter. With a filter, a test without a watched loop gets a warning; without one the run's
    /// end tells which had none. Copied by the listener.
    std::string_view tests{"*"};

    /// How each test is watched. With on_block::log blocks are logged, and fail no test.
    options watch{};
};

namespace detail {

inline void fail_gtest(::testing::TestInfo const& test, std::string const& text)
{
    if (!text.empty()) ADD_FAILURE_AT(test.file(), test.line()) << text;
}

}  // namespace detail

/// Watches the loops of tests, from before their fixture is made until after it is destroyed. Registered by
/// LOOPWATCH_GTEST_LISTENER; your own main() may append it, which gives up its ownership:
///
///     testing::UnitTest::GetInstance()->listeners().Append(new loopwatch::gtest_listener{{.tests = "Net*.*"}});
///
/// Thread safety: GoogleTest calls it on the thread that runs the tests. Cost to the loop: as for a guard.
class gtest_listener : public ::testing::EmptyTestEventListener {
public:
    /// Throws: std::invalid_argument that names the field of bad options and its value.
    explicit gtest_listener(gtest_options const& how = {}) : tests_{how.tests}, watch_{how.tests == "*", how.watch} {}

    /// For GoogleTest: begins the test's watch.
    void OnTestStart(::testing::TestInfo const& test) override
    {
        std::string name = std::string{test.test_suite_name()} + '.' + test.name();
        detail::tag_request asks;
        asks.watch = tests_ != "*" && detail::matches_filter(tests_, name);
        watch_.start(std::move(name), std::move(asks));
        if (watch_.wanted()) watch_.begin();
    }

    /// For GoogleTest: ends it. The test's result is not final yet: a failure here is the test's, in every output.
    void OnTestEnd(::testing::TestInfo const& test) override
    {
        if (!watch_.watching()) return;
        auto const said = watch_.end(test.result()->Skipped());
        if (!said.warning.empty()) {
            std::printf("[ WARNING  ] %s.%s: %s\n", test.test_suite_name(), test.name(), said.warning.c_str());
            std::fflush(stdout);
        }
        detail::fail_gtest(test, said.failure);
    }

    /// For GoogleTest: tells, on standard error, which tests had no loop, if all are watched.
    void OnTestProgramEnd(::testing::UnitTest const&) override { watch_.finish(); }

private:
    std::string tests_;
    detail::suite_watch watch_;
};

/// A fixture with a context, `ctx`, that is watched while the fixture lives, with or without a listener. Derive from
/// it:
///
///     struct Upload : loopwatch::no_loop_blocking_test {
///         Upload() : loopwatch::no_loop_blocking_test{{.threshold = 10ms}} {}
///     };
///     TEST_F(Upload, Works) { ... ctx.run(); }
///
/// It also watches the other loops that current_watch() would. Throws: what a guard's constructor throws. Thread
/// safety: made and destroyed by the test's thread; `ctx` as any context. Cost to the loop: as for a guard.
template <typename IoContext>
class basic_no_loop_blocking_test : public ::testing::Test {
public:
    /// `how` to watch.
    explicit basic_no_loop_blocking_test(options how = {}) : scope_{how} {}
    basic_no_loop_blocking_test(basic_no_loop_blocking_test const&) = delete;
    basic_no_loop_blocking_test& operator=(basic_no_loop_blocking_test const&) = delete;

    /// Ends the watch, and fails the test if a loop was blocked.
    ~basic_no_loop_blocking_test() override
    {
        detail::fail_gtest(*::testing::UnitTest::GetInstance()->current_test_info(), scope_.end_in_failure());
    }

private:
    detail::open_scope scope_;

protected:
    /// The context that is watched.
    basic_watched_io_context<IoContext> ctx;
};

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

/// Registers a gtest_listener, also with the main() of gtest_main. The arguments initialize a loopwatch::gtest_options.
/// Bad options end the program before its first test, with a message.
#define LOOPWATCH_GTEST_LISTENER(...)                                                  \
    namespace {                                                                        \
    [[maybe_unused]] bool const loopwatch_gtest_listener_registered = [] {             \
        ::testing::UnitTest::GetInstance()->listeners().Append(                        \
            new ::loopwatch::gtest_listener{::loopwatch::gtest_options{__VA_ARGS__}}); \
        return true;                                                                   \
    }();                                                                               \
    }

// An if statement, as GoogleTest's own assertions on statements are, so that a message can be streamed to it.
#define LOOPWATCH_DETAIL_NO_BLOCKING(fail, watch, ...)                                            \
    GTEST_AMBIGUOUS_ELSE_BLOCKER_                                                                 \
    if (::loopwatch::detail::statement loopwatch_statement watch; true) {                         \
        {                                                                                         \
            __VA_ARGS__;                                                                          \
        }                                                                                         \
        if (!loopwatch_statement.passed()) goto GTEST_CONCAT_TOKEN_(loopwatch_failed_, __LINE__); \
    } else                                                                                        \
        GTEST_CONCAT_TOKEN_(loopwatch_failed_, __LINE__)                                          \
            : fail(("Expected: " #__VA_ARGS__ " does not block a loop.\n" + loopwatch_statement.failure()).c_str())

/// Fails at its own line if a loop was blocked during the statement; the block does not fail the test a second time.
/// Watches with the options of the test's watch, or the default ones if there is none. Also fails if there is no loop
/// to watch.
///
/// Throws: what the statement and a guard's constructor throw. Cost to the loop: as for a guard.
#define EXPECT_NO_LOOP_BLOCKING(...) LOOPWATCH_DETAIL_NO_BLOCKING(GTEST_NONFATAL_FAILURE_, {}, __VA_ARGS__)
/// As EXPECT_NO_LOOP_BLOCKING; a failure ends the function.
#define ASSERT_NO_LOOP_BLOCKING(...) LOOPWATCH_DETAIL_NO_BLOCKING(GTEST_FATAL_FAILURE_, {}, __VA_ARGS__)
/// As EXPECT_NO_LOOP_BLOCKING, and watches this loop, too.
#define EXPECT_NO_LOOP_BLOCKING_ON(loop, ...) LOOPWATCH_DETAIL_NO_BLOCKING(GTEST_NONFATAL_FAILURE_, {loop}, __VA_ARGS__)
/// As EXPECT_NO_LOOP_BLOCKING_ON; a failure ends the function.
#define ASSERT_NO_LOOP_BLOCKING_ON(loop, ...) LOOPWATCH_DETAIL_NO_BLOCKING(GTEST_FATAL_FAILURE_, {loop}, __VA_ARGS__)

#endif

#if defined(LOOPWATCH_HAS_WATCHED_IO_CONTEXT) && !defined(LOOPWATCH_HAS_GTEST_FIXTURE)
#define LOOPWATCH_HAS_GTEST_FIXTURE
namespace loopwatch {
inline namespace LOOPWATCH_ABI {
/// The fixture with the included Asio's io_context.
using no_loop_blocking_test = basic_no_loop_blocking_test<watched_io_context::base>;
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
#endif
