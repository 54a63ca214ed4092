// SPDX-License-Identifier: BSL-1.0

/// \file
/// For Boost.Test 1.74 and later, linked or included. To watch a whole suite, in one source file of the test program:
///
///     #include <loopwatch/boost_test.hpp>
///     LOOPWATCH_BOOST_TEST_FIXTURE(.all = true, .watch = {.threshold = 50ms})
///
/// Then each test case fails if one of its loops was blocked, with the reports as the message. Without `.all = true`,
/// or without that line, those do that have a decorator, of their own or of their suite:
///
///     BOOST_AUTO_TEST_CASE(uploads, * loopwatch::must_not_block(50ms))
///
/// and there is a fixture, no_loop_blocking_fixture. They see the loops described at current_watch(): every
/// watched_io_context, and what was added. A test case with the decorator in which no loop was watched gets a warning
/// on standard error; of the others the run's end tells which had none.
///
/// The watch is the outermost of a test case's fixtures. What a fixture of a suite or of the program does before or
/// after is not watched. Include <boost/test/included/unit_test.hpp>, if you do, and BOOST_TEST_DYN_LINK above this.

// No include guard around the whole: each inclusion checks anew which Asio was included, for the fixture.
#include "watched_io_context.hpp"

#ifndef LOOPWATCH_BOOST_TEST_HPP
#define LOOPWATCH_BOOST_TEST_HPP

#include "current_watch.hpp"
#include "detail/config.hpp"
#include "detail/suite/open_scope.hpp"
#include "detail/suite/suite_watch.hpp"
#include "detail/suite/tags.hpp"
#include "options.hpp"
#include "suite_options.hpp"

#include <boost/test/framework.hpp>
#include <boost/test/results_collector.hpp>
#include <boost/test/tree/decorator.hpp>
#include <boost/test/tree/fixture.hpp>
#include <boost/test/tree/observer.hpp>
#include <boost/test/tree/test_unit.hpp>
#include <boost/test/unit_test_log.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

namespace ut = ::boost::unit_test;

/// Like BOOST_ERROR(text), but at the line of the test case.
inline void fail_boost_test(ut::test_unit const& test, std::string const& text)
{
    if (text.empty()) return;
    ut::unit_test_log << ut::log::begin(test.p_file_name, test.p_line_num) << ut::log_all_errors
                      << ut::const_string{text} << ut::log::end();
    ut::framework::assertion_result(ut::AR_FAILED);
}

/// Watches test cases, by a fixture that each of them has while it runs: an observer alone is told of a test case's end
/// when nothing can fail it any more.
class boost_test_listener : public ut::test_observer {
public:
    /// The process's. The first call registers it. Never destroyed.
    LOOPWATCH_SHARED static boost_test_listener& get()
    {
        static boost_test_listener& one = *new boost_test_listener;
        return one;
    }
    boost_test_listener(boost_test_listener const&) = delete;
    boost_test_listener& operator=(boost_test_listener const&) = delete;

    /// Throws: std::invalid_argument for bad options.
    void watch_as(suite_options const& how) { watch_.emplace(how.all, how.watch); }

    /// Lets a test case, or those of a suite, be watched. `threshold`: 0 for the suite's.
    void mark(ut::test_unit const& unit, std::chrono::nanoseconds threshold)
    {
        marks_.push_back({unit.p_id, threshold});
    }

    void test_unit_start(ut::test_unit const& test) override
    {
        if (test.p_type != ut::TUT_CASE) return;
        if (!watch_) watch_.emplace(false, options{});
        watch_->start(test.full_name(), asked_of(test));
        if (!watch_->wanted()) return;
        auto& fixtures = fixtures_of(test);
        fixtures.insert(fixtures.begin(), fixture_);
    }

    void test_unit_finish(ut::test_unit const& test, unsigned long) override
    {
        auto& fixtures = fixtures_of(test);
        if (!fixtures.empty() && fixtures.front() == fixture_) fixtures.erase(fixtures.begin());
    }

    void test_finish() override
    {
        if (watch_) watch_->finish();
    }

    /// As of a global fixture: Boost.Test's own first observer must be told of the start before this one.
    int priority() override { return 1; }

private:
    /// The watch of the running test case.
    struct fixture : ut::test_unit_fixture {
        void setup() override { get().watch_->begin(); }
        void teardown() override { get().end(ut::framework::current_test_case()); }
    };

    struct marked {
        ut::test_unit_id unit;
        std::chrono::nanoseconds threshold;
    };

    boost_test_listener() { ut::framework::register_observer(*this); }

    static auto fixtures_of(ut::test_unit const& test) -> ut::test_unit::fixture_list_t&
    {
        return ut::framework::get(test.p_id, ut::TUT_ANY).p_fixtures.value;
    }

    /// By its own decorator, or else that of the innermost suite that has one.
    [[nodiscard]] tag_request asked_of(ut::test_unit const& test) const
    {
        tag_request asks;
        for (ut::test_unit_id id = test.p_id; !asks.watch && id != ut::INV_TEST_UNIT_ID;
             id = ut::framework::get(id, ut::TUT_ANY).p_parent_id) {
            for (marked const& each : marks_) {
                if (each.unit != id) continue;
                asks.watch = true;
                if (each.threshold.count() != 0) asks.threshold = each.threshold;
            }
        }
        return asks;
    }

    void end(ut::test_unit const& test)
    {
        auto const& so_far = ut::results_collector.results(test.p_id);
        auto const said = watch_->end(so_far.p_assertions_failed != 0 || so_far.aborted());
        fail_boost_test(test, said.failure);
        // Boost.Test shows no warnings unless it is told to.
        if (!said.warning.empty()) std::fprintf(stderr, "%s: %s\n", test.full_name().c_str(), said.warning.c_str());
    }

    std::optional<suite_watch> watch_;
    std::vector<marked> marks_;
    boost::shared_ptr<ut::test_unit_fixture> fixture_{new fixture};
};

}  // namespace detail

/// So that Catch2's fixture, and doctest's decorator, are other types.
inline namespace for_boost_test {

/// A decorator: the test case, or each one of the suite, fails if one of its loops was blocked.
///
///     BOOST_AUTO_TEST_CASE(uploads, * loopwatch::must_not_block(50ms))
///
/// Without a threshold that of LOOPWATCH_BOOST_TEST_FIXTURE counts, or without this line that of `options`. Thread
/// safety: for declarations of test cases. Cost to the loops of the test case: as for a guard.
class must_not_block : public ::boost::unit_test::decorator::base {
public:
    /// `threshold`: 0 for that of the suite.
    explicit must_not_block(std::chrono::nanoseconds threshold = {}) : threshold_{threshold} {}

private:
    void apply(::boost::unit_test::test_unit& to) override { detail::boost_test_listener::get().mark(to, threshold_); }
    [[nodiscard]] ::boost::unit_test::decorator::base_ptr clone() const override
    {
        return ::boost::unit_test::decorator::base_ptr{new must_not_block{*this}};
    }

    std::chrono::nanoseconds threshold_;
};

/// A fixture with a context, `ctx`, that is watched while the fixture lives:
/// `BOOST_FIXTURE_TEST_CASE(uploads, loopwatch::no_loop_blocking_fixture) { ... ctx.run(); }`. For other options derive
/// from it and pass them to its constructor.
///
/// It also watches the other loops that current_watch() would. Throws: what a guard's constructor throws. Thread
/// safety: made and destroyed by the test's thread; `ctx` as any context. Cost to the loop: as for a guard.
template <typename IoContext>
class basic_no_loop_blocking_fixture {
public:
    /// `how` to watch.
    explicit basic_no_loop_blocking_fixture(options how = {}) : scope_{how} {}
    basic_no_loop_blocking_fixture(basic_no_loop_blocking_fixture const&) = delete;
    basic_no_loop_blocking_fixture& operator=(basic_no_loop_blocking_fixture const&) = delete;

    /// Ends the watch, and fails the test case if a loop was blocked.
    ~basic_no_loop_blocking_fixture()
    {
        detail::fail_boost_test(::boost::unit_test::framework::current_test_unit(), scope_.end_in_failure());
    }

private:
    detail::open_scope scope_;

protected:
    /// The context that is watched.
    basic_watched_io_context<IoContext> ctx;
};

}  // namespace for_boost_test
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

/// Sets how test cases are watched. The arguments initialize a loopwatch::suite_options. Bad options end the program
/// before its first test, with a message. Cost to the loops of the tests: as for a guard.
#define LOOPWATCH_BOOST_TEST_FIXTURE(...)                                                                  \
    namespace {                                                                                            \
    [[maybe_unused]] bool const loopwatch_boost_test_fixture = [] {                                        \
        ::loopwatch::detail::boost_test_listener::get().watch_as(::loopwatch::suite_options{__VA_ARGS__}); \
        return true;                                                                                       \
    }();                                                                                                   \
    }

#endif

#if defined(LOOPWATCH_HAS_WATCHED_IO_CONTEXT) && !defined(LOOPWATCH_HAS_BOOST_TEST_FIXTURE)
#define LOOPWATCH_HAS_BOOST_TEST_FIXTURE
namespace loopwatch {
inline namespace LOOPWATCH_ABI {
inline namespace for_boost_test {
/// The fixture with the included Asio's io_context.
using no_loop_blocking_fixture = basic_no_loop_blocking_fixture<watched_io_context::base>;
}  // namespace for_boost_test
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
#endif
