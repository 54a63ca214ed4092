// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/named_blocks.hpp"

#include <loopwatch/impl/analysis/cause/evidence.hpp>

#include <chrono>
#include <vector>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

named_block a_block() { return made::block({made::thread({made::look(10ms, made::handler_in_call("read"))})}); }

block_evidence evidence_of(named_block const& block, std::vector<observation> const& seen, answer const& by = {})
{
    thread_samples samples;
    for (observation const& each : seen) samples.counted.push_back(each);
    return evidence_of(block, by, samples, 100ms, 10ms);
}

}  // namespace

TEST_CASE("what was before the counting is nobody's", "[evidence]")
{
    named_block block = a_block();
    thread_life& life = block.threads[0].life;
    life.from = {true, made::began_at + 30ms, 5ms, 1ms, 3};
    life.to = {true, made::began_at + 100ms, 75ms, 1ms, 4};
    auto const uncounted = [&](std::vector<observation> const& seen) { return evidence_of(block, seen).uncounted; };
    std::vector<observation> const running{{10ms, {activity::running, {}, "on CPU"}}};
    CHECK(uncounted(running) == 30ms);
    SECTION("but of a thread that was seen in a handler, and only then known, it is the handler's")
    {
        life.since_seen = true;
        CHECK(uncounted(running) == 0ms);
    }
    SECTION("of one that was met when all was over nothing is known")
    {
        life = {};
        CHECK(uncounted({}) == 0ms);  // as on systems that do not count at all
        life.since_seen = true;
        CHECK(uncounted({}) == 100ms);
    }
}

TEST_CASE("evidence is of the thread shown, and of the process during the block", "[evidence]")
{
    named_block block = a_block();
    thread_reading& at_deadline = block.threads[0].looks[0].reading;
    std::vector<observation> const asleep{{10ms, {activity::lock, lock_kind::mutex, "mutex 0x55"}}};
    auto const evidence = [&] { return evidence_of(block, asleep); };

    SECTION("faults of the thread since the deadline, of the process since the heartbeat waited")
    {
        at_deadline.has_faults = true;
        at_deadline.major_faults = 3;
        block.threads[0].last.has_faults = true;
        block.threads[0].last.major_faults = 40;
        block.at_send = {true, 1, 100, 5};
        block.after.counters = {true, 1, 112, 47};
        CHECK(evidence().major_faults == 37);
        CHECK(evidence().process_major_faults == 42);
        CHECK(evidence().process_preemptions == 12);
        block.after.counters.known = false;
        CHECK(evidence().process_major_faults == 0);
    }
    SECTION("throttling is no longer than the block")
    {
        block.before.has_throttling = block.after.has_throttling = true;
        block.before.throttled = 1s;
        block.after.throttled = 1s + 30ms;
        CHECK(evidence().throttled == 30ms);
        block.after.throttled = 9s;
        CHECK(evidence().throttled == 100ms);
    }
    SECTION("a mutex is held by itself, or by another whose name may be known")
    {
        at_deadline.call.mutex_owner = at_deadline.thread;
        CHECK(evidence().holds_it_itself);
        CHECK(evidence().holder.empty());
        at_deadline.call.mutex_owner = 9;
        block.holder_name = "db-pool";
        CHECK_FALSE(evidence().holds_it_itself);
        CHECK(evidence().holder == "thread 9 \"db-pool\"");
        // The name is that of who held it at the deadline.
        block.threads[0].looks.push_back(block.threads[0].looks[0]);
        CHECK(evidence_of(block, asleep, {.look = 1}).holder == "thread 9");
        // It is that of the handler that is shown.
        std::vector<observation> other = asleep;
        other[0].in_main = false;
        CHECK(evidence_of(block, other).holder.empty());
    }
    SECTION("alone is who has nobody but the library's threads beside it")
    {
        block.at_deadline.threads = 1;
        CHECK(evidence().is_alone);
        block.at_deadline.threads = 2;
        CHECK_FALSE(evidence().is_alone);
        block.at_deadline.threads = 0;
        CHECK_FALSE(evidence().is_alone);
    }
}
