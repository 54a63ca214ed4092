// SPDX-License-Identifier: BSL-1.0
#pragma once

// What the tests of all suites do, and how they are watched.
#include "support/net.hpp"
#include "support/stall.hpp"

#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>

#include <loopwatch/cause.hpp>
#include <loopwatch/options.hpp>

/// What this run of the program is to show: all, log, excuse, bad.
inline bool mode_is(std::string_view what)
{
    char const* const mode = std::getenv("SUITE_MODE");
    return mode != nullptr && mode == what;
}

inline loopwatch::options watch_options(nanoseconds threshold = 30ms)
{
    loopwatch::options how{.threshold = threshold};
    if (mode_is("bad")) how.threshold = -1ms;
    if (mode_is("log")) how.action = loopwatch::on_block::log;
    if (mode_is("excuse")) how.raise_on = how.raise_on.without(loopwatch::cause::blocking_call);
    return how;
}

[[gnu::noinline]] inline void put_object(std::chrono::milliseconds d = 150ms) { std::this_thread::sleep_for(d); }

template <typename Context>
void run_blocked(Context& ctx)
{
    post(ctx, [] { put_object(); });
    ctx.restart();
    ctx.run();
}

inline void run_free(net::io_context& ctx)
{
    post(ctx, [] {});
    ctx.restart();
    ctx.run();
}
