// SPDX-License-Identifier: BSL-1.0

// What watch_scope::each_thread asks for: that threads write down which handlers of the loop they run.
#include "support/catch.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <optional>
#include <stdexcept>
#include <string>

#include <loopwatch/monitor.hpp>

namespace scope_test {

using namespace loopwatch;

namespace {

constexpr options each_thread{.action = on_block::log, .scope = watch_scope::each_thread};

/// Why a guard of it is refused; "": it is not.
template <typename Loop>
std::string refusal(Loop& loop)
{
    try {
        std::optional<no_loop_blocking> guard;
        guard.emplace(loop, each_thread);
        return {};
    } catch (std::invalid_argument const& e) {
        return e.what();
    }
}

}  // namespace

TEST_CASE("each thread of a context is watched by itself in exact mode alone")
{
    net::io_context ctx;
    std::string const why = refusal(ctx);
    if (handlers_are_written_down)
        CHECK(why.empty());
    else
        CHECK_THAT(why, contains("options.scope") && contains("loopwatch::exact"));
}

TEST_CASE("what runs on one thread at a time can't be watched by each thread")
{
    net::io_context ctx;
    auto strand = net::make_strand(ctx);
    CHECK_THAT(refusal(strand), contains("options.scope"));
}

TEST_CASE("a monitor of each thread refuses the loops that can't be watched so")
{
    net::io_context ctx;
    monitor m{each_thread, {}};
    if (handlers_are_written_down)
        CHECK_NOTHROW(m.watch(ctx, "api"));
    else
        CHECK_THROWS_AS(m.watch(ctx, "api"), std::invalid_argument);
}

}  // namespace scope_test
