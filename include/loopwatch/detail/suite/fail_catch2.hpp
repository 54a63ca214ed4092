// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../no_loop_blocking.hpp"
#include "../config.hpp"
#include "include_catch2.hpp"

#include <string>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Nothing for an empty text. Like FAIL_CHECK(text) and WARN(text), but reports a given line, does not depend on the
/// macros' names, and does not throw: those throw if the run is to be aborted after the first failure, even where no
/// test is running any more.
inline void tell_catch2(Catch::ResultWas::OfType what, Catch::SourceLineInfo const& where, std::string text)
{
    if (text.empty()) return;
    Catch::AssertionHandler handler{Catch::StringRef{"no_loop_blocking"}, where, Catch::StringRef{},
                                    Catch::ResultDisposition::ContinueOnFailure};
    handler.handleMessage(what, std::move(text));
#if LOOPWATCH_HAS_EXCEPTIONS()
    try {
        handler.complete();
    } catch (Catch::TestFailureException const&) {  // NOLINT(bugprone-empty-catch): Catch2 aborts the run all the same
    }
#else
    handler.complete();
#endif
}

/// Shows a guard's error that leaves a test in lines that fit the console. A translator of the program's own for
/// std::exception takes precedence if it is registered later.
inline Catch::ExceptionTranslatorRegistrar const catch2_translator{
    +[](loop_blocked_error const& error) { return failure_text(error); }};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
