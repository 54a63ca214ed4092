// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/allow_blocking.hpp>
#include <loopwatch/impl/allowance/allowance_names.hpp>
#include <loopwatch/impl/allowance/thread_records.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <ratio>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace loopwatch;
using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

/// What this thread was allowed since then.
many<allowed_segment> noted(time_point since, thread_number thread = this_thread_number())
{
    return thread_records::allowed(thread, since, clock::now());
}
many<allowed_segment> noted_of_ended(time_point since)
{
    many<allowed_segment> all;
    for (auto const& of_one : thread_records::allowed_to_each(since, clock::now())) all.append(of_one);
    return all;
}

void pass_time()
{
    auto const now = clock::now();
    while (clock::now() == now) {
    }
}

template <typename Make>
std::string refused(Make make)
{
    try {
        make();
    } catch (std::invalid_argument const& e) {
        return e.what();
    }
    return "not at all";
}

}  // namespace

TEST_CASE("an allowance without a reason, or with an empty budget, is refused", "[allowance][portable]")
{
    auto const since = clock::now();
    CHECK(refused([] { allow_blocking const scope{""}; }) ==
          "loopwatch: allow_blocking.reason must say why, but is \"\"");
    CHECK(refused([] { allow_blocking const scope{"a", 0ms}; }) ==
          "loopwatch: allow_blocking.budget must be above zero, but is 0 ms");
    CHECK(refused([] { allow_blocking const scope{"a", -5ms}; }) ==
          "loopwatch: allow_blocking.budget must be above zero, but is -5 ms");
    CHECK(refused([] { allow_blocking const scope{"a", -1.5us}; }) ==
          "loopwatch: allow_blocking.budget must be above zero, but is -1500 ns");
    CHECK_THAT(refused([] { allow_blocking const scope{"a", std::chrono::hours::min()}; }), contains("above zero"));
    CHECK_THAT(refused([] {
                   constexpr std::chrono::duration<double> no_number{std::numeric_limits<double>::quiet_NaN()};
                   allow_blocking const scope{"a", no_number};
               }),
               contains("above zero"));
    pass_time();
    CHECK(noted(since).empty());
}

TEST_CASE("a budget may be a duration of any kind", "[allowance][portable]")
{
    CHECK(budget_of(200ms) == 200ms);
    CHECK(budget_of(1.5s) == 1500ms);
    CHECK(budget_of(2min) == 120s);
    CHECK(budget_of(std::chrono::hours::max()) == no_budget);
    CHECK(budget_of(std::chrono::duration<double>{1e300}) == no_budget);
    CHECK(budget_of(std::chrono::duration<float, std::ratio<1, 30>>{3.0F}) == 100ms);
}

TEST_CASE("what a thread was allowed is noted with the time", "[allowance][portable]")
{
    auto const since = clock::now();
    pass_time();
    {
        allow_blocking const scope{"noted", 200ms};
        pass_time();
        auto const open = noted(since);
        REQUIRE(open.size() == 1);
        CHECK(open[0].what->text == "noted");
        CHECK(open[0].budget == 200ms);
        CHECK(open[0].from > since);
    }
    auto const end = clock::now();
    auto const closed = noted(since);
    REQUIRE(closed.size() == 1);
    CHECK(closed[0].to <= end);
    CHECK(noted(clock::now()).empty());
}

TEST_CASE("disallowing where nothing is allowed does nothing", "[allowance][portable]")
{
    std::thread{[] {
        disallow_blocking const nothing;
        CHECK(thread_records::of_this_thread(false) == nullptr);
    }}.join();
}

TEST_CASE("threads do not share allowances", "[allowance][portable]")
{
    auto const since = clock::now();
    allow_blocking const scope{"mine"};
    std::thread{[&] {
        pass_time();
        CHECK(noted(since).empty());
        allow_blocking const other{"theirs"};
        pass_time();
        REQUIRE(noted(since).size() == 1);
        CHECK(noted(since)[0].what->text == "theirs");
    }}.join();
    REQUIRE(noted(since).size() == 1);
    CHECK(noted(since)[0].what->text == "mine");
}

TEST_CASE("a scope that is destroyed on another thread ends on its own", "[allowance][portable]")
{
    auto const since = clock::now();
    auto scope = std::make_unique<allow_blocking>("ends elsewhere");
    pass_time();
    std::thread{[&] {
        allow_blocking const own{"of the other"};
        scope.reset();
        pass_time();
        CHECK(noted(since).size() == 1);
    }}.join();
    auto const ended = clock::now();
    pass_time();
    REQUIRE(noted(since).size() == 1);
    CHECK(noted(since)[0].what->text == "ends elsewhere");
    CHECK(noted(since)[0].to < ended);
}

TEST_CASE("a scope ends with its thread, and is remembered", "[allowance][portable]")
{
    auto const since = clock::now();
    std::unique_ptr<allow_blocking> left_open;
    std::thread{[&] {
        left_open = std::make_unique<allow_blocking>("left open");
        pass_time();
    }}.join();
    auto const ended = clock::now();
    pass_time();
    auto const after = noted_of_ended(since);
    REQUIRE(after.size() == 1);
    CHECK(after[0].what->text == "left open");
    CHECK(after[0].to <= ended);

    SECTION("its end on another thread is nobody else's")
    {
        allow_blocking const own{"of this thread"};
        pass_time();
        left_open.reset();
        pass_time();
        REQUIRE(noted(since).size() == 1);
        CHECK(noted(clock::now() - 1ns).size() == 1);
    }
}

TEST_CASE("records of ended threads are kept for a while, and used again", "[allowance][portable]")
{
    auto const since = clock::now();
    constexpr std::size_t many = 5 * thread_records::kept;
    for (std::size_t i = 0; i < many; ++i)
        std::thread{[&, i] {
            allow_blocking const scope{i == 0 ? "the first of many threads" : "many threads"};
            pass_time();
        }}.join();
    auto const remembered = noted_of_ended(since);
    CHECK(remembered.size() >= thread_records::kept);
    CHECK(remembered.size() <= thread_records::kept + 1);
    CHECK(std::ranges::none_of(remembered, [](auto const& s) { return s.what->text == "the first of many threads"; }));
}

TEST_CASE("a reason is one, whoever gives it", "[allowance][portable]")
{
    auto& first = allowance_names::intern("one of a kind");
    CHECK(first.text == "one of a kind");
    CHECK(&first == &allowance_names::intern(std::string{"one of "} + "a kind"));
    CHECK(&first != &allowance_names::intern("one of two"));

    std::vector<allowance_name*> found(4);
    std::vector<std::thread> threads;
    for (auto& each : found)
        threads.emplace_back([&each] {
            for (int i = 0; i < 100; ++i) each = &allowance_names::intern("given by all " + std::to_string(i));
        });
    for (auto& t : threads) t.join();
    for (auto* const each : found) CHECK(each == found.front());
}

TEST_CASE("reasons that are not of use are listed, once each", "[allowance][portable]")
{
    {
        allow_blocking const scope{"listed"};
    }
    {
        allow_blocking const scope{"listed"};
    }
    auto const count = [] {
        auto const all = unused_allowances();
        CHECK(std::ranges::is_sorted(all));
        return std::ranges::count(all, "listed");
    };
    CHECK(count() == 1);
    allowance_names::intern("listed").excused = true;
    CHECK(count() == 0);
    allowance_names::intern("listed").excused = false;
}
