// SPDX-License-Identifier: BSL-1.0

/// \file
/// For doctest 2.4. To watch a whole suite, in one source file of the test program:
///
///     #include <loopwatch/doctest.hpp>
///     LOOPWATCH_DOCTEST_LISTENER(.all = true, .watch = {.threshold = 50ms})
///
/// Then each test case fails if one of its loops was blocked, with the reports as the message. Without `.all = true`,
/// or without that line, those do that have a decorator, of their own or of their suite:
///
///     TEST_CASE("uploads" * loopwatch::must_not_block(50ms))
///
/// and there is a fixture, no_loop_blocking_fixture. They see the loops described at current_watch(): every
/// watched_io_context, and what was added. A test case with the decorator in which no loop was watched gets a warning;
/// of the others the run's end tells which had none. Each run of a test case's body, one for each leaf subcase, has its
/// own watch.

// No include guard around the whole: each inclusion checks anew which Asio was included, for the fixture.
#include "watched_io_context.hpp"

#ifndef LOOPWATCH_DOCTEST_HPP
#define LOOPWATCH_DOCTEST_HPP

#include "current_watch.hpp"
#include "detail/config.hpp"
#include "detail/suite/open_scope.hpp"
#include "detail/suite/suite_watch.hpp"
#include "detail/suite/tags.hpp"
#include "options.hpp"
#include "suite_options.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

#if !defined(DOCTEST_CONFIG_DISABLE)

/// Like CHECK_MESSAGE(false, text), but at the line of the test case. JUnit's reporter takes no notice of FAIL_CHECK.
inline void fail_doctest(::doctest::TestCaseData const& test, std::string const& text)
{
    if (text.empty()) return;
    DOCTEST_INFO(::doctest::String{text.c_str()});
    ::doctest::detail::ResultBuilder failed{::doctest::assertType::DT_CHECK, test.m_file.c_str(),
                                            static_cast<int>(test.m_line), "no_loop_blocking"};
    failed.setResult({false, "blocked"});
    static_cast<void>(failed.log());
}

/// How test cases are watched, and which. Never destroyed.
struct doctest_wishes {
    LOOPWATCH_SHARED static doctest_wishes& get()
    {
        static doctest_wishes& all = *new doctest_wishes;
        return all;
    }

    struct marked {
        std::string file;  // of a test case; of a suite "", and `suite`
        unsigned line;
        std::string suite;
        std::chrono::nanoseconds threshold;
    };

    void mark(marked which) { marks.push_back(std::move(which)); }

    /// By its own decorator, or else by its suite's.
    [[nodiscard]] tag_request asked_of(::doctest::TestCaseData const& test) const
    {
        tag_request asks;
        for (bool const own : {true, false}) {
            for (marked const& each : marks) {
                bool const is_meant = own ? each.line == test.m_line && each.file == test.m_file.c_str()
                                          : each.file.empty() && each.suite == test.m_test_suite;
                if (asks.watch || !is_meant) continue;
                asks.watch = true;
                if (each.threshold.count() != 0) asks.threshold = each.threshold;
            }
        }
        return asks;
    }

    std::optional<suite_watch> watch;
    std::vector<marked> marks;
};

/// Watches test cases. A listener alone is told of a test case's end when nothing can fail it any more; so it puts a
/// function of its own around the body.
class doctest_listener : public ::doctest::IReporter {
public:
    explicit doctest_listener(::doctest::ContextOptions const&) {}

    void test_case_start(::doctest::TestCaseData const& test) override
    {
        auto& watch = doctest_wishes::get().watch;
        if (!watch) watch.emplace(false, options{});
        watch->start(test.m_name, doctest_wishes::get().asked_of(test));
        if (!watch->wanted()) return;
        // doctest refers to the test cases of its own set, which are not const objects, as const ones.
        running() = &const_cast<::doctest::detail::TestCase&>(static_cast<::doctest::detail::TestCase const&>(test));
        body() = std::exchange(running()->m_test, &run);
    }

    void test_case_end(::doctest::CurrentTestCaseStats const&) override
    {
        if (auto* const test = std::exchange(running(), nullptr)) test->m_test = body();
    }

    // The run ends here after a fatal signal as well: then nothing may be waited for.
    void test_run_end(::doctest::TestRunStats const&) override
    {
        auto& watch = doctest_wishes::get().watch;
        if (watch && !watch->watching()) watch->finish();
    }

    void report_query(::doctest::QueryData const&) override {}
    void test_run_start() override {}
    void test_case_reenter(::doctest::TestCaseData const&) override {}
    void test_case_exception(::doctest::TestCaseException const&) override {}
    void subcase_start(::doctest::SubcaseSignature const&) override {}
    void subcase_end() override {}
    void log_assert(::doctest::AssertData const&) override {}
    void log_message(::doctest::MessageData const&) override {}
    void test_case_skipped(::doctest::TestCaseData const&) override {}

    /// Once in a process.
    static bool add()
    {
        static int const added = ::doctest::registerReporter<doctest_listener>("loopwatch", 0, false);
        return added == 0;
    }

private:
    LOOPWATCH_SHARED static ::doctest::detail::TestCase*& running()
    {
        static ::doctest::detail::TestCase* one = nullptr;
        return one;
    }
    LOOPWATCH_SHARED static ::doctest::detail::funcType& body()
    {
        static ::doctest::detail::funcType one = nullptr;
        return one;
    }

    static void run()
    {
        auto& watch = *doctest_wishes::get().watch;
        watch.begin();
#if LOOPWATCH_HAS_EXCEPTIONS()
        try {
            body()();
        } catch (...) {
            tell(watch.end(true));
            throw;
        }
#else
        body()();
#endif
        tell(watch.end(false));
    }

    static void tell(test_messages const& said)
    {
        if (!said.warning.empty())
            DOCTEST_ADD_MESSAGE_AT(running()->m_file.c_str(), static_cast<int>(running()->m_line),
                                   ::doctest::String{said.warning.c_str()});
        fail_doctest(*running(), said.failure);
    }
};

#endif

}  // namespace detail

/// So that Catch2's fixture, and Boost.Test's decorator, are other types.
inline namespace for_doctest {

/// A decorator: the test case, or each one of the suite of this name, fails if one of its loops was blocked.
///
///     TEST_CASE("uploads" * loopwatch::must_not_block(50ms))
///
/// Without a threshold that of LOOPWATCH_DOCTEST_LISTENER counts, or without this line that of `options`. Thread
/// safety: for declarations of test cases. Cost to the loops of the test case: as for a guard.
class must_not_block {
public:
    /// `threshold`: 0 for that of the suite.
    explicit must_not_block(std::chrono::nanoseconds threshold = {}) : threshold_{threshold} {}

#if defined(DOCTEST_CONFIG_DISABLE)
private:
#else
    /// What doctest asks of a decorator: for a test case, and for a suite.
    void fill(::doctest::detail::TestCase& to) const { mark({to.m_file.c_str(), to.m_line, {}, threshold_}); }
    /// \overload
    void fill(::doctest::detail::TestSuite& to) const
    {
        if (to.m_test_suite != nullptr) mark({{}, 0, to.m_test_suite, threshold_});
    }

private:
    static void mark(detail::doctest_wishes::marked which)
    {
        detail::doctest_wishes::get().mark(std::move(which));
        detail::doctest_listener::add();
    }
#endif

    [[maybe_unused]] std::chrono::nanoseconds threshold_;
};

/// A fixture with a context, `ctx`, that is watched while the fixture lives:
/// `TEST_CASE_FIXTURE(loopwatch::no_loop_blocking_fixture, "uploads") { ... ctx.run(); }`. For other options derive
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
        [[maybe_unused]] std::string const text = scope_.end_in_failure();
#if !defined(DOCTEST_CONFIG_DISABLE)
        detail::fail_doctest(*::doctest::getContextOptions()->currentTest, text);
#endif
    }

private:
    detail::open_scope scope_;

protected:
    /// The context that is watched.
    basic_watched_io_context<IoContext> ctx;
};

}  // namespace for_doctest
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

/// Registers the listener, and sets how test cases are watched. The arguments initialize a loopwatch::suite_options.
/// Bad options end the program before its first test, with a message.
#if defined(DOCTEST_CONFIG_DISABLE)
#define LOOPWATCH_DOCTEST_LISTENER(...)
#else
#define LOOPWATCH_DOCTEST_LISTENER(...)                                               \
    namespace {                                                                       \
    [[maybe_unused]] bool const loopwatch_doctest_listener = [] {                     \
        ::loopwatch::suite_options const how{__VA_ARGS__};                            \
        ::loopwatch::detail::doctest_wishes::get().watch.emplace(how.all, how.watch); \
        return ::loopwatch::detail::doctest_listener::add();                          \
    }();                                                                              \
    }
#endif

#endif

#if defined(LOOPWATCH_HAS_WATCHED_IO_CONTEXT) && !defined(LOOPWATCH_HAS_DOCTEST_FIXTURE)
#define LOOPWATCH_HAS_DOCTEST_FIXTURE
namespace loopwatch {
inline namespace LOOPWATCH_ABI {
inline namespace for_doctest {
/// The fixture with the included Asio's io_context.
using no_loop_blocking_fixture = basic_no_loop_blocking_fixture<watched_io_context::base>;
}  // namespace for_doctest
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
#endif
