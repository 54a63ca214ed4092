// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

/// \file
/// Watches the loops of a whole test suite with Catch2 2.13 or 3. In one source file of the test program:
///
///     #include <loopwatch/catch2_listener.hpp>
///     LOOPWATCH_CATCH2_LISTENER()
///
/// Then a test case with the tag [no_loop_blocking], or [no_loop_blocking:50ms] for its own threshold, fails if one of
/// its loops was blocked, with the reports as the message. For all test cases:
///
///     LOOPWATCH_CATCH2_LISTENER(.all = true, .watch = {.threshold = 50ms})
///
/// It sees the loops described at current_watch(): every watched_io_context, and what was added. A tagged test case in
/// which no loop was watched gets a warning; of the others the run's end tells which had none. Each run of a test
/// case's body, one for each leaf section and generated value, has its own watch. What is destroyed after the body, as
/// statics are, is not watched. Blocks count as failures also for the tags [!mayfail] and [!shouldfail].
///
/// Reports are laid out for Catch2's console of 80 columns, also those of a loop_blocked_error that leaves a test.

// Catch2 2 declares the base class of listeners only if this is defined before its header is included.
#if !defined(CATCH_VERSION_MAJOR) && !defined(CATCH_CONFIG_EXTERNAL_INTERFACES)
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#endif

#include "detail/config.hpp"
#include "detail/suite/fail_catch2.hpp"
#include "detail/suite/include_catch2.hpp"
#include "detail/suite/suite_watch.hpp"
#include "detail/suite/tags.hpp"
#include "suite_options.hpp"

#include <optional>
#include <string>
#include <utility>

#if CATCH_VERSION_MAJOR >= 3
#if !defined(CATCH_AMALGAMATED_HPP_INCLUDED)
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
#endif
#elif !defined(CATCH_CONFIG_EXTERNAL_INTERFACES)
#error \
    "Include loopwatch/catch2_listener.hpp above catch2/catch.hpp in this file, or define CATCH_CONFIG_EXTERNAL_INTERFACES"
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

#if CATCH_VERSION_MAJOR >= 3
using catch2_listener_base = Catch::EventListenerBase;
using catch2_listener_argument = Catch::IConfig const*;
#else
using catch2_listener_base = Catch::TestEventListenerBase;
using catch2_listener_argument = Catch::ReporterConfig const&;
#endif

class catch2_listener : public catch2_listener_base {
public:
    /// Throws: std::invalid_argument for bad options; Catch2 prints it and ends the program.
    catch2_listener(catch2_listener_argument config, suite_options const& how)
        : catch2_listener_base{config}, watch_{how.all, how.watch}
    {
    }

    void testCaseStarting(Catch::TestCaseInfo const& test) override
    {
        catch2_listener_base::testCaseStarting(test);
        where_.emplace(test.lineInfo);
        watch_.start(test.name, read_tags(test.tagsAsString()));
        depth_ = 0;
        has_failed_ = false;
    }

    // The outermost section is the test case itself; it starts once for each run of the body.
    void sectionStarting(Catch::SectionInfo const& section) override
    {
        catch2_listener_base::sectionStarting(section);
        if (depth_++ == 0 && watch_.wanted()) watch_.begin();
    }

    // Listeners are called before the reporters, and before the run's assertions are counted for the test case. So a
    // failure here fails the test case, in every reporter.
    void sectionEnded(Catch::SectionStats const& section) override
    {
        if (--depth_ == 0 && watch_.watching() && !dying_) {
            test_messages said = watch_.end(section.assertions.failed > 0);
            // Its assertions are counted already. Catch2 3 leaves a test out of JUnit's files if there are none in the
            // last run of its body.
            has_failed_ = has_failed_ || !said.error.empty() || !said.failure.empty();
            auto& counted =
                const_cast<Catch::SectionStats&>(section).assertions;  // NOLINT: an unnamed one of the caller's
            if (has_failed_) ++counted.failed;
            tell_catch2(Catch::ResultWas::ExplicitFailure, *where_, std::move(said.error));
            tell_catch2(Catch::ResultWas::Warning, *where_, std::move(said.warning));
            tell_catch2(Catch::ResultWas::ExplicitFailure, *where_, std::move(said.failure));
        }
        catch2_listener_base::sectionEnded(section);
    }

    void testRunEnded(Catch::TestRunStats const& run) override
    {
        if (!dying_) watch_.finish();
        catch2_listener_base::testRunEnded(run);
    }

    // Called in the handler of a fatal signal, which then ends the sections: nothing may be waited for there.
#if CATCH_VERSION_MAJOR >= 3
    void fatalErrorEncountered(Catch::StringRef) override { dying_ = true; }
#else
    bool assertionEnded(Catch::AssertionStats const& assertion) override
    {
        if (assertion.assertionResult.getResultType() == Catch::ResultWas::FatalErrorCondition) dying_ = true;
        return catch2_listener_base::assertionEnded(assertion);
    }
#endif

private:
    suite_watch watch_;
    std::optional<Catch::SourceLineInfo> where_;
    int depth_{0};
    bool has_failed_{false};
    bool dying_{false};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

/// Registers the listener. The arguments initialize a loopwatch::suite_options. Bad options end the program before its
/// first test, with a message. Cost to the loops of the tests: as for a guard.
#define LOOPWATCH_CATCH2_LISTENER(...)                                                           \
    namespace {                                                                                  \
    struct loopwatch_catch2_listener : ::loopwatch::detail::catch2_listener {                    \
        explicit loopwatch_catch2_listener(::loopwatch::detail::catch2_listener_argument config) \
            : catch2_listener{config, ::loopwatch::suite_options{__VA_ARGS__}}                   \
        {                                                                                        \
        }                                                                                        \
    };                                                                                           \
    }                                                                                            \
    CATCH_REGISTER_LISTENER(loopwatch_catch2_listener)

#include "detail/public_end.hpp"

#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/suite.hpp"
#endif
