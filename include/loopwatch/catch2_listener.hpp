// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

// Watches the loops of a whole suite of Catch2, 2.13 or 3. In one source file of the test program:
//
//     #include <loopwatch/catch2_listener.hpp>
//     LOOPWATCH_CATCH2_LISTENER()
//
// Then a test case with the tag [no_loop_blocking], or [no_loop_blocking:50ms] for a threshold of its own, fails if one
// of its loops was blocked, with the reports as the message. Or all test cases:
//
//     LOOPWATCH_CATCH2_LISTENER(.all = true, .watch = {.threshold = 50ms})
//
// Which loops it sees is said at current_watch(): a watched_io_context, and what was added. A tagged test case in which
// none was watched gets a warning. Each run of a test case's body, one for each leaf section and generated value, is
// watched by itself. What is destroyed after the body, in statics say, is not part of it. Test cases with [!mayfail]
// may fail of blocks as well, and those with [!shouldfail] do what they should.
//
// Reports are laid out for Catch2's console of 80 columns, and so are those of guards whose loop_blocked_error leaves a
// test.

// Catch2 2 shows the bases of listeners only if asked for them before its header is included.
#if !defined(CATCH_VERSION_MAJOR) && !defined(CATCH_CONFIG_EXTERNAL_INTERFACES)
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#endif

#include "detail/config.hpp"
#include "detail/kept_options.hpp"
#include "detail/suite/fail_catch2.hpp"
#include "detail/suite/include_catch2.hpp"
#include "detail/suite/open_scope.hpp"
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
    /// Throws: std::invalid_argument for bad options; Catch2 shows it and ends.
    catch2_listener(catch2_listener_argument config, suite_options const& how)
        : catch2_listener_base{config}, all_{how.all}, how_{how.watch}
    {
        static_cast<void>(effective(how.watch));
    }

    void testCaseStarting(Catch::TestCaseInfo const& test) override
    {
        catch2_listener_base::testCaseStarting(test);
        where_.emplace(test.lineInfo);
        wanted_ = read_tags(test.tagsAsString());
        depth_ = 0;
    }

    // The outermost section is the test case itself, once for each run of its body.
    void sectionStarting(Catch::SectionInfo const& section) override
    {
        catch2_listener_base::sectionStarting(section);
        if (depth_++ == 0 && (wanted_.watch || all_)) begin();
    }

    // Listeners hear of it before the reporters do, and before the run's assertions are added up for the test case: so
    // what fails here fails the test case, in every reporter.
    void sectionEnded(Catch::SectionStats const& section) override
    {
        if (--depth_ == 0 && scope_) end(section.assertions.failed > 0);
        catch2_listener_base::sectionEnded(section);
    }

    // In a handler of a deadly signal, from which Catch2 goes on to end the sections, nothing can be waited for.
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
    void begin()
    {
        options how = how_.get();
        if (wanted_.threshold) {
            how.threshold = *wanted_.threshold;
            if (how.heartbeat_interval > how.threshold) how.heartbeat_interval = {};
        }
        scope_.emplace(how);
    }

    void end(bool failed)
    {
        if (dying_) return;
        options const how = scope_->how();
        findings found = scope_->end();
        scope_.reset();
        if (!wanted_.error.empty()) tell_catch2(Catch::ResultWas::ExplicitFailure, *where_, wanted_.error);
        if (wanted_.watch && found.loops == 0 && !failed)
            tell_catch2(Catch::ResultWas::Warning, *where_, std::string{"loopwatch: "} + nothing_watched);
        fail_catch2_for(std::move(found), how, *where_);
    }

    bool all_;
    kept_options how_;
    tag_request wanted_;
    std::optional<Catch::SourceLineInfo> where_;
    int depth_{0};
    bool dying_{false};
    std::optional<open_scope> scope_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

/// Registers the listener. The arguments initialize a loopwatch::suite_options.
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
