// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../no_loop_blocking.hpp"
#include "../config.hpp"
#include "findings.hpp"
#include "include_catch2.hpp"

#include <string>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What FAIL_CHECK(text) and WARN(text) do, but at a line of our choice, by whichever names they are called, and
/// without throwing: if the run is to be aborted after the first failure, they do, even where there is no test around
/// them any more.
inline void tell_catch2(Catch::ResultWas::OfType what, Catch::SourceLineInfo const& where, std::string text)
{
    Catch::AssertionHandler handler{Catch::StringRef{"no_loop_blocking"}, where, Catch::StringRef{},
                                    Catch::ResultDisposition::ContinueOnFailure};
    handler.handleMessage(what, std::move(text));
    try {
        handler.complete();
    } catch (Catch::TestFailureException const&) {  // NOLINT(bugprone-empty-catch): Catch2 will abort all the same
    }
}

/// Fails the test that is running, if there is something to fail for.
inline void fail_catch2_for(findings found, options const& how, Catch::SourceLineInfo const& where)
{
    std::string text = failure_text(std::move(found), how);
    if (!text.empty()) tell_catch2(Catch::ResultWas::ExplicitFailure, where, std::move(text));
}

/// A guard's error that leaves a test is told in lines that fit the console. The program's own translators come first
/// if they are for std::exception and registered later; of each type it has one.
inline Catch::ExceptionTranslatorRegistrar const catch2_translator{
    +[](loop_blocked_error const& error) { return failure_text(error); }};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
