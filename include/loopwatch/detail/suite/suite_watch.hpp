// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../options.hpp"
#include "../config.hpp"
#include "../kept_options.hpp"
#include "open_scope.hpp"
#include "tags.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What a framework has to say of a test; empty texts are not said.
struct test_messages {
    std::string error{};    // a failure: what was asked for can't be understood
    std::string warning{};  // no loop was watched
    std::string failure{};  // the reports of the blocks
};

/// Watches the tests of a suite, one after another. What the listeners of all frameworks have in common.
///
/// Thread safety: one thread at a time.
class suite_watch {
public:
    /// `all`: whether also tests are watched that do not ask for it. Throws: std::invalid_argument for bad options.
    suite_watch(bool all, options const& how);

    /// A test begins. Its body may be run several times.
    void start(std::string test, tag_request asks);

    /// Whether this test is watched.
    [[nodiscard]] bool wanted() const { return all_ || asks_.watch; }

    /// A run of the body begins, of a test that is wanted. Throws: as open_scope.
    void begin();

    /// Whether a run of the body is being watched.
    [[nodiscard]] bool watching() const { return scope_.has_value(); }

    /// The run ends. `failed`: for another reason; then it may not have come to its loop.
    [[nodiscard]] test_messages end(bool failed);

    /// The suite ends: tells, on standard error, of tests without a loop that was watched. These were not asked to be
    /// watched one by one, so that most of them have none, but the others must not be taken for free of blocks.
    void finish();

private:
    void note();

    bool all_;
    kept_options how_;
    std::string test_;
    tag_request asks_;
    std::optional<open_scope> scope_;
    bool ran_{false};       // the test's body was run, and did not fail
    bool had_loop_{false};  // in one of the runs
    std::size_t tests_{0};
    std::size_t without_loop_{0};
    std::string names_;  // of the first tests without one
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
