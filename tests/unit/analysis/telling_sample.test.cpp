// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/named_blocks.hpp"

#include <loopwatch/impl/analysis/cause/telling_sample.hpp>

#include <chrono>
#include <vector>

using namespace loopwatch;
using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

/// A sample, as a line of a table.
struct seen_moment {
    nanoseconds after;
    activity what;
    char const* call;                      // "": in none
    char const* function{"app::parse()"};  // "": nothing but Asio's
    nanoseconds computed{};
    bool between{false};
    bool in_main{true};
};

thread_samples samples_with(std::vector<seen_moment> const& table)
{
    thread_samples all;
    for (seen_moment const& m : table) {
        std::vector<frame> stack;
        bool const in_call = *m.call != '\0';
        if (in_call) stack.push_back(made::function(m.call, "/lib/libc.so.6"));
        if (*m.function != '\0') stack.push_back(made::function(m.function));
        stack.push_back(made::function(made::do_complete));
        all.counted.push_back({m.after, {m.what, {}, "at something"}, in_call, m.between, m.computed, m.in_main});
        all.shown.push_back({m.after, "at something", stack, stack_quality::exact});
    }
    return all;
}

/// When the sample was that is shown in the place of the deadline's; 0: it stays.
nanoseconds shown_of(thread_samples const& all, cause why = cause::cpu, bool has_stack = true)
{
    auto const* const shown = telling_sample(all, why, has_stack);
    return shown == nullptr ? 0ms : shown->after;
}

}  // namespace

TEST_CASE("the sample that tells is one that shows the cause", "[telling_sample]")
{
    std::vector<seen_moment> table{{10ms, activity::call, "read"},
                                   {20ms, activity::running, "read", "app::load()"},  // woken, and waiting for a CPU
                                   {30ms, activity::running, "", "app::parse()", 10ms},
                                   {40ms, activity::lock, "pthread_mutex_lock"}};
    CHECK(shown_of(samples_with(table), cause::blocking_call) == 0ms);
    CHECK(shown_of(samples_with(table), cause::cpu) == 30ms);
    CHECK(shown_of(samples_with(table), cause::lock) == 40ms);
    CHECK(shown_of(samples_with(table), cause::disk) == 0ms);
    SECTION("where there was no stack at the deadline, one of those that came later")
    {
        CHECK(shown_of(samples_with(table), cause::blocking_call, false) == 10ms);
    }
    SECTION("where nothing is counted, of calls the one that it was most often in, if there is nothing else")
    {
        table[2] = {30ms, activity::running, "clock_gettime", "app::wait()"};
        table.push_back({50ms, activity::running, "clock_gettime", "app::wait()"});
        CHECK(shown_of(samples_with(table)) == 30ms);
        CHECK(shown_of(samples_with(table), cause::cpu, false) == 0ms);
        table.push_back({60ms, activity::running, "", "app::parse()", 10ms});
        CHECK(shown_of(samples_with(table)) == 60ms);
    }
    SECTION("one that is not exact shows nothing")
    {
        thread_samples all = samples_with(table);
        all.shown[2].stack_quality = stack_quality::partial;
        CHECK(shown_of(all) == 0ms);
    }
    SECTION("of several handlers, one of that which ran for longest, unless it shows only other causes")
    {
        table.push_back({50ms, activity::call, "read", "app::store()"});
        for (seen_moment& m : table) m.in_main = m.after >= 40ms;
        thread_samples all = samples_with(table);
        CHECK(shown_of(all, cause::blocking_call) == 50ms);
        CHECK(shown_of(all, cause::lock) == 40ms);
        CHECK(shown_of(all, cause::cpu) == 30ms);
        CHECK(shown_of(all, cause::disk) == 0ms);
        for (seen_moment& m : table) m.in_main = m.after < 40ms;
        all = samples_with(table);
        CHECK(shown_of(all, cause::blocking_call) == 0ms);
    }
}

TEST_CASE("of a computation that sample tells in whose function the thread was on a CPU for longest",
          "[telling_sample]")
{
    SECTION("in system calls, and at the end in none")
    {
        CHECK(shown_of(samples_with({{20ms, activity::running, "fstatat", "app::guilty()", 20ms},
                                     {60ms, activity::running, "fstatat", "app::guilty()", 40ms},
                                     {90ms, activity::running, "", "app::tail()", 30ms}})) == 0ms);
    }
    SECTION("in calls of several kinds, each of them shorter than the end")
    {
        CHECK(shown_of(samples_with({{20ms, activity::running, "read", "app::guilty()", 20ms},
                                     {40ms, activity::running, "fstatat", "app::guilty()", 20ms},
                                     {70ms, activity::running, "", "app::tail()", 30ms}})) == 0ms);
    }
    SECTION("shortly in system calls, and for longer in none")
    {
        CHECK(shown_of(samples_with({{20ms, activity::running, "read", "app::load()", 20ms},
                                     {50ms, activity::running, "", "app::parse()", 30ms},
                                     {80ms, activity::running, "", "app::parse()", 30ms}})) == 50ms);
    }
    SECTION("often woken, and waiting for a CPU, which is no computation")
    {
        CHECK(shown_of(samples_with({{20ms, activity::running, "clock_nanosleep", "app::naps()"},
                                     {40ms, activity::running, "clock_nanosleep", "app::naps()", 2ms},
                                     {60ms, activity::running, "clock_nanosleep", "app::naps()"},
                                     {80ms, activity::running, "", "app::parse()", 4ms}})) == 80ms);
    }
    SECTION("of the function that it was woken in the moment at which it computes")
    {
        CHECK(shown_of(samples_with({{20ms, activity::running, "read", "app::load()"},
                                     {40ms, activity::running, "read", "app::load()", 20ms},
                                     {60ms, activity::running, "", "app::parse()", 10ms}})) == 40ms);
    }
    SECTION("the deadline's stays, if it was in no call")
    {
        CHECK(shown_of(samples_with({{20ms, activity::running, "", "app::parse()", 20ms},
                                     {60ms, activity::running, "", "app::store()", 40ms}})) == 0ms);
    }
}

TEST_CASE("no sample tells that is outside the handler", "[telling_sample]")
{
    SECTION("but for its own end or beginning, where another shows the user's code")
    {
        thread_samples fiber = samples_with({{20ms, activity::running, "read", "app::in_fiber()"},
                                             {40ms, activity::running, "read", "app::in_fiber()", 10ms},
                                             {90ms, activity::running, "", "", 50ms}});
        CHECK(shown_of(fiber) == 40ms);
        fiber.shown[1].stack_quality = stack_quality::partial;
        CHECK(shown_of(fiber) == 0ms);
    }
    SECTION("nor one between two handlers")
    {
        CHECK(shown_of(samples_with({{20ms, activity::running, "read", "", 20ms},
                                     {90ms, activity::running, "", "", 70ms, true}})) == 0ms);
        CHECK(shown_of(samples_with({{20ms, activity::running, "", "", 20ms},
                                     {90ms, activity::call, "epoll_wait", "", 0ms, true}}),
                       cause::blocking_call) == 0ms);
    }
}
