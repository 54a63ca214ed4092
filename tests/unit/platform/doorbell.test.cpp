// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/platform/doorbell.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <thread>
#include <vector>

using namespace loopwatch::detail;

namespace {

struct one_who_rings : doorbell::caller {
    std::atomic<int> done{0};  // before it announced itself
    int seen{0};               // by who hears
};

}  // namespace

TEST_CASE("who rings is heard once, however often it rings before that", "[doorbell]")
{
    doorbell bell;
    one_who_rings a;
    one_who_rings b;
    CHECK(bell.announce(a));
    CHECK_FALSE(bell.announce(a));
    CHECK(bell.announce(b));
    int heard = 0;
    bell.hear_callers([&](doorbell::caller&) { ++heard; });
    CHECK(heard == 2);
    bell.hear_callers([&](doorbell::caller&) { ++heard; });
    CHECK(heard == 2);
    CHECK(bell.announce(a));
}

TEST_CASE("one that rings again while it is heard is heard again", "[doorbell]")
{
    doorbell bell;
    one_who_rings a;
    CHECK(bell.announce(a));
    bell.hear_callers([&](doorbell::caller& by) { CHECK(bell.announce(by)); });
    int heard = 0;
    bell.hear_callers([&](doorbell::caller&) { ++heard; });
    CHECK(heard == 1);
}

TEST_CASE("a ring while the one before it is heard is not lost", "[doorbell]")
{
    constexpr int rounds = 50'000;
    doorbell bell;
    one_who_rings one;
    std::atomic<int> seen{0};
    std::atomic<bool> over{false};
    std::thread hears{[&] {
        while (!over) bell.hear_callers([&](doorbell::caller&) { seen = one.done.load(std::memory_order_relaxed); });
    }};
    // If it is lost, nobody rings any more: to hear of it by then is a matter of microseconds.
    auto const is_heard = [&](int what) {
        for (auto const until = clock::now() + std::chrono::seconds{60}; seen != what;)
            if (clock::now() > until) return false;
        return true;
    };
    int round = 0;
    do {
        for (int i = 0; i < 2; ++i) {
            one.done.fetch_add(1, std::memory_order_relaxed);
            bell.announce(one);
        }
    } while (++round < rounds && is_heard(2 * round));
    CHECK(is_heard(2 * rounds));
    over = true;
    hears.join();
}

TEST_CASE("whatever was done before a ring is seen by who hears it", "[doorbell]")
{
    constexpr int rings = 20'000;
    doorbell bell;
    std::deque<one_who_rings> all(4);
    std::atomic<std::size_t> finished{0};
    std::vector<std::thread> threads;
    for (auto& each : all)
        threads.emplace_back([&] {
            for (int i = 0; i < rings; ++i) {
                each.done.fetch_add(1, std::memory_order_relaxed);
                bell.announce(each);
            }
            ++finished;
        });
    auto const hear = [&] {
        bell.hear_callers([](doorbell::caller& by) {
            auto& one = static_cast<one_who_rings&>(by);
            one.seen = one.done.load(std::memory_order_relaxed);
        });
    };
    while (finished < all.size()) hear();
    for (auto& each : threads) each.join();
    hear();
    for (auto const& each : all) CHECK(each.seen == rings);
}
