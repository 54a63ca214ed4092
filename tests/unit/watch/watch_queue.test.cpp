// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/watch/watch_queue.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <random>
#include <vector>

namespace queued {

using namespace std::chrono_literals;
using namespace loopwatch::detail;

struct one : counted {
    explicit one(int n, void const* c = nullptr) : number{n}, of{c} {}
    [[nodiscard]] void const* context() const { return of; }
    int number;
    void const* of;
    std::size_t queued_at{0};
};

time_point at(nanoseconds t) { return time_point{t}; }

TEST_CASE("the watch that is due first is looked at first", "[watch_queue]")
{
    watch_queue<one> queue;
    CHECK(queue.due(time_point::max()) == nullptr);
    CHECK(queue.next() == time_point::max());
    one* const late = new one{1};
    one* const soon = new one{2};
    queue.add(shared<one>{late}, {at(20ms)});
    queue.add(shared<one>{soon}, {at(10ms)});
    CHECK(queue.next() == at(10ms));
    CHECK(queue.due(at(9ms)) == nullptr);
    CHECK(queue.due(at(10ms)) == soon);
    queue.move(*soon, {at(30ms)});
    CHECK(queue.due(at(10ms)) == nullptr);
    CHECK(queue.due(at(25ms)) == late);
    queue.remove(*late);
    CHECK(queue.next() == at(30ms));
}

TEST_CASE("one that may be looked at sooner is, if the watchdog is awake, and does not wake it", "[watch_queue]")
{
    watch_queue<one> queue;
    one* const w = new one{1};
    queue.add(shared<one>{w}, {at(20ms), 2ms});
    CHECK(queue.next() == at(20ms));
    CHECK(queue.due(at(17ms)) == nullptr);
    CHECK(queue.due(at(18ms)) == w);
    queue.move(*w, {at(40ms), 5ms});
    CHECK(queue.due(at(34ms)) == nullptr);
    CHECK(queue.due(at(35ms)) == w);
    queue.hasten(*w, at(30ms));  // and no sooner
    CHECK(queue.due(at(29ms)) == nullptr);
    CHECK(queue.due(at(30ms)) == w);
}

TEST_CASE("one can be hastened, and never delayed by that", "[watch_queue]")
{
    watch_queue<one> queue;
    one* const w = new one{1};
    queue.add(shared<one>{w}, {});
    CHECK(queue.due(at(1h)) == nullptr);
    queue.hasten(*w, at(20ms));
    queue.hasten(*w, at(30ms));
    CHECK(queue.next() == at(20ms));
}

TEST_CASE("the watches of one context are found", "[watch_queue]")
{
    watch_queue<one> queue;
    int const context = 0;
    queue.add(shared<one>{new one{1}}, {at(1ms)});
    queue.add(shared<one>{new one{2, &context}}, {at(2ms)});
    REQUIRE(queue.of(&context) != nullptr);
    CHECK(queue.of(&context)->number == 2);
    queue.remove(*queue.of(&context));
    CHECK(queue.of(&context) == nullptr);
    CHECK(queue.size() == 1);
}

TEST_CASE("whatever is added, moved and removed, the first one is the first", "[watch_queue]")
{
    std::mt19937 random{GENERATE(1U, 2U, 3U)};
    watch_queue<one> queue;
    struct known {
        one* of;
        nanoseconds when;
    };
    std::vector<known> all;
    for (int turn = 0; turn < 5000; ++turn) {
        nanoseconds const when{random() % 1000};
        auto const what = random() % 4;
        if (what == 0 || all.empty()) {
            one* const fresh = new one{turn};
            queue.add(shared<one>{fresh}, {at(when)});
            all.push_back({fresh, when});
        } else {
            auto& any = all[random() % all.size()];
            if (what == 1) {
                queue.remove(*any.of);
                any = all.back();
                all.pop_back();
            } else if (what == 2) {
                queue.move(*any.of, {at(when)});
                any.when = when;
            } else {
                queue.hasten(*any.of, at(when));
                any.when = std::min(any.when, when);
            }
        }
        auto const first =
            std::min_element(all.begin(), all.end(), [](auto const& a, auto const& b) { return a.when < b.when; });
        bool const right = all.empty() ? queue.empty() : queue.next() == at(first->when);
        REQUIRE(right);
        REQUIRE(queue.size() == all.size());
    }
}

}  // namespace queued
