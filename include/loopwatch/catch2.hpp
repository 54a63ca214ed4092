// SPDX-License-Identifier: BSL-1.0

/// \file
/// Matchers for Catch2 2.13 and 3, the reports as text in failed assertions, and a fixture. To watch a whole suite use
/// catch2_listener.hpp.
///
///     REQUIRE_THAT(loopwatch::blocks_during(ctx, [&] { ctx.run(); }), loopwatch::NeverBlocked());
///     CHECK_THAT(guard, loopwatch::BlockedIn("put_object") && loopwatch::BlockedFor(50ms));

// No include guard around the whole: each inclusion checks anew which Asio was included, for the fixture.
#include "watched_io_context.hpp"

#ifndef LOOPWATCH_CATCH2_HPP
#define LOOPWATCH_CATCH2_HPP

#include "block_report.hpp"
#include "blocks_during.hpp"
#include "cause.hpp"
#include "current_watch.hpp"
#include "detail/algorithm.hpp"
#include "detail/config.hpp"
#include "detail/suite/fail_catch2.hpp"
#include "detail/suite/include_catch2.hpp"
#include "detail/suite/matching.hpp"
#include "detail/suite/open_scope.hpp"
#include "no_loop_blocking.hpp"
#include "options.hpp"

#include <chrono>
#include <functional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What matchers are applied to: reports, or the blocks() of a guard or an error.
class seen_blocks {
public:
    seen_blocks(std::vector<block_report> const& blocks) : given_{&blocks} {}  // NOLINT(*-explicit-*)
    seen_blocks(no_loop_blocking const& guard) : own_{guard.blocks()} {}       // NOLINT(*-explicit-*)
    seen_blocks(loop_blocked_error const& error) : given_{&error.blocks()} {}  // NOLINT(*-explicit-*)

    [[nodiscard]] std::vector<block_report> const& all() const { return given_ != nullptr ? *given_ : own_; }

private:
    std::vector<block_report> const* given_{nullptr};
    std::vector<block_report> own_;
};

}  // namespace detail

/// Matches if some block has a property; without a property, if there is no block. Returned by the functions below, and
/// can be combined by &&, || and !.
///
/// It and they throw std::bad_alloc. Thread safety: as for a std::string. Cost to the loop: none; what is matched
/// against a guard waits as its blocks() does.
class block_matcher : public detail::catch2_matcher_base<detail::seen_blocks> {
public:
    using property = std::function<bool(block_report const&)>;  ///< whether a block has it

    /// `description`: what is said of the blocks, for a failure's text. `of_one`: empty for "there is no block".
    block_matcher(std::string description, property of_one)
        : description_{std::move(description)}, of_one_{std::move(of_one)}
    {
    }

    /// For Catch2: whether it matches.
    bool match(detail::seen_blocks const& seen) const override
    {
        return of_one_ ? detail::any_of(seen.all(), of_one_) : seen.all().empty();
    }

    /// For Catch2: the description.
    std::string describe() const override { return description_; }

private:
    std::string description_;
    property of_one_;
};

// Named in the style of Catch2's own matchers.

/// No block was seen.
[[nodiscard]] inline block_matcher NeverBlocked() { return {"never blocked the loop", {}}; }

/// Some block has, in the user's own code on its stack or in a coroutine that awaits the one there, a function whose
/// name contains `function`. Scope and parameters are part of the name. So both the culprit and its callers match.
[[nodiscard]] inline block_matcher BlockedIn(std::string function)
{
    auto description = "blocked the loop in \"" + function + '"';
    return {std::move(description), [function = std::move(function)](block_report const& b) {
                return detail::has_user_frame(b.stack, function) || detail::has_user_frame(b.awaited_by, function);
            }};
}

/// Some block certainly lasted at least so long; with a second argument, also at most so long. (Its true length is
/// between duration and duration_max.) Each matcher is about some block: in `BlockedIn("f") && BlockedFor(50ms)` these
/// may be two different ones.
[[nodiscard]] inline block_matcher BlockedFor(std::chrono::nanoseconds at_least)
{
    return {"blocked the loop " + detail::length_bounds_text(at_least, detail::no_upper_bound),
            [=](block_report const& b) { return b.duration >= at_least; }};
}
/// The same with an upper bound.
[[nodiscard]] inline block_matcher BlockedFor(std::chrono::nanoseconds at_least, std::chrono::nanoseconds at_most)
{
    return {"blocked the loop " + detail::length_bounds_text(at_least, at_most),
            [=](block_report const& b) { return b.duration >= at_least && b.duration_max <= at_most; }};
}

/// Some block has this cause.
[[nodiscard]] inline block_matcher BlockedBy(cause why)
{
    return {"blocked the loop by cause::" + std::string{to_string(why)},
            [=](block_report const& b) { return b.cause == why; }};
}

/// A fixture with a context, `ctx`, that is watched while the fixture lives, with or without a listener:
/// `TEST_CASE_METHOD(loopwatch::no_loop_blocking_fixture, "uploads") { ... ctx.run(); }`. For other options derive from
/// it and pass them to its constructor.
///
/// It also watches the other loops that current_watch() would. Throws: what a guard's constructor throws. Thread
/// safety: made and destroyed by the test's thread; `ctx` as any context. Cost to the loop: as for a guard.
template <typename IoContext>
class basic_no_loop_blocking_fixture {
public:
    /// `how` to watch, and `where` failures are shown.
    explicit basic_no_loop_blocking_fixture(options how = {},
                                            std::source_location where = std::source_location::current())
        : scope_{how}, where_{where.file_name(), where.line()}
    {
    }
    basic_no_loop_blocking_fixture(basic_no_loop_blocking_fixture const&) = delete;
    basic_no_loop_blocking_fixture& operator=(basic_no_loop_blocking_fixture const&) = delete;

    /// Ends the watch, and fails the test case if a loop was blocked.
    ~basic_no_loop_blocking_fixture()
    {
        detail::tell_catch2(Catch::ResultWas::ExplicitFailure, where_, scope_.end_in_failure());
    }

private:
    detail::open_scope scope_;
    Catch::SourceLineInfo where_;

protected:
    /// The context that is watched.
    basic_watched_io_context<IoContext> ctx;
};

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

// Failed assertions show the whole reports.
template <>
struct Catch::StringMaker<loopwatch::block_report> {
    static std::string convert(loopwatch::block_report const& b) { return '\n' + loopwatch::detail::text_of_block(b); }
};
template <>
struct Catch::StringMaker<std::vector<loopwatch::block_report>> {
    static std::string convert(std::vector<loopwatch::block_report> const& b)
    {
        return loopwatch::detail::text_of_blocks(b);
    }
};
template <>
struct Catch::StringMaker<loopwatch::no_loop_blocking> {
    static std::string convert(loopwatch::no_loop_blocking const& guard)
    {
        return loopwatch::detail::text_of_blocks(guard.blocks());
    }
};
template <>
struct Catch::StringMaker<loopwatch::loop_blocked_error> {
    static std::string convert(loopwatch::loop_blocked_error const& e)
    {
        return loopwatch::detail::text_of_blocks(e.blocks());
    }
};

#endif

#if defined(LOOPWATCH_HAS_WATCHED_IO_CONTEXT) && !defined(LOOPWATCH_HAS_CATCH2_FIXTURE)
#define LOOPWATCH_HAS_CATCH2_FIXTURE
namespace loopwatch {
inline namespace LOOPWATCH_ABI {
/// The fixture with the included Asio's io_context.
using no_loop_blocking_fixture = basic_no_loop_blocking_fixture<watched_io_context::base>;
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
#endif
