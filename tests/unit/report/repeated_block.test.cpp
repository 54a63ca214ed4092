// SPDX-License-Identifier: BSL-1.0

// Blocks repeat the same stacks, which are named once: that must change nothing about their reports.
#include "support/catch.hpp"

#include <loopwatch/impl/analysis/named_stacks.hpp>
#include <loopwatch/impl/analysis/naming.hpp>
#include <loopwatch/impl/report/compose.hpp>
#include <loopwatch/impl/report/kept_reports.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

using namespace loopwatch;
using namespace loopwatch::detail;
using namespace std::chrono_literals;

TEST_CASE("copies of a list of frames share them, until one is changed", "[portable]")
{
    frame one;
    one.function = "app::load()";
    frame_list const list{std::vector<frame>{one, one}};
    frame_list copy = list;
    CHECK(copy.data() == list.data());
    one.function = "app::main()";
    copy.insert(copy.end() - 1, one);
    REQUIRE(copy.size() == 3);
    CHECK(copy[1].function == "app::main()");
    CHECK(list.size() == 2);
    CHECK(list.whole() == std::vector<frame>{copy[0], copy[2]});
    copy.clear();
    CHECK(copy.empty());
    CHECK(list.size() == 2);
}

TEST_CASE("what is made of a list of frames is made once", "[portable]")
{
    int made = 0;
    auto const without_first = [&](std::vector<frame>& frames) {
        ++made;
        frames.erase(frames.begin());
    };
    frame_list const list{std::vector<frame>(3)};
    frame_list const copy = list;
    CHECK(list.derived(without_first).size() == 2);
    CHECK(copy.derived(without_first).data() == list.derived(without_first).data());
    CHECK(made == 1);
    CHECK(list.size() == 3);
    CHECK(frame_list{}.derived(without_first).empty());
}

#if LOOPWATCH_HAS_SIGNAL_CAPTURE()

namespace {

constexpr time_point repeated_began_at{1h};

[[gnu::noinline]] void capture_here(snapshot& to)
{
    capture_own_stack(to);
    __asm__ volatile("" ::: "memory");  // no tail call
}

/// This thread's, as if it were in a handler.
seen_thread seen_here(nanoseconds after)
{
    seen_thread t{};
    capture_here(t.stack);
    t.stack.thread = t.reading.thread = 7;
    t.stack.taken_at = repeated_began_at + after;
    t.stack.where = standing::handler;
    t.stack.inner_frames = 3;
    t.stack.missing = capture_error::none;
    t.reading.state = 'R';
    return t;
}

raw_block block_of(std::vector<seen_thread> const& looks)
{
    raw_block raw;
    raw.sent_at = repeated_began_at;
    raw.waited = 100ms;
    raw.length = {100ms, 101ms};
    raw.threshold = 10ms;
    raw.reported_at = raw.ended_at();
    raw.knows_runners = true;
    raw.first = {looks[0]};
    for (std::size_t i = 1; i < looks.size(); ++i) raw.later.push_back(moment{looks[i]});
    raw.lives.resize(1);
    raw.lives[0].from = {.known = true, .at = repeated_began_at};
    raw.lives[0].to = {.known = true, .at = repeated_began_at + 100ms, .on_cpu = 99ms, .slices = 1};
    raw.beat_path = looks[0].stack;
    return raw;
}

/// As a reporter makes them, one after the other.
class maker {
public:
    report_outline operator()(raw_block const& raw)
    {
        stacks_.follow(names_.changes(), "");
        block_allowances none;
        none.of_threads.resize(raw.looked_at());
        static watch_settings const how{.threshold = 10ms, .raise_on = cause_set::all(), .name = "main"};
        auto made = outlined(how, named(raw, names_, stacks_), none, false);
        REQUIRE(made.is_block);
        return std::move(made.outline);
    }
    [[nodiscard]] std::size_t known() const { return stacks_.size(); }

private:
    symbolizer names_;
    named_stacks stacks_;
};

void check_same(block_report const& a, block_report const& b)
{
    CHECK(a.cause == b.cause);
    CHECK(a.evidence == b.evidence);
    CHECK(a.fix == b.fix);
    CHECK(a.stack == b.stack);
    CHECK(a.stack_quality == b.stack_quality);
    CHECK(a.stack_missing == b.stack_missing);
    CHECK(a.awaited_by == b.awaited_by);
    REQUIRE(a.samples.size() == b.samples.size());
    for (std::size_t i = 0; i < a.samples.size(); ++i) {
        CHECK(a.samples[i].after == b.samples[i].after);
        CHECK(a.samples[i].doing == b.samples[i].doing);
        CHECK(a.samples[i].stack == b.samples[i].stack);
        CHECK(a.samples[i].stack_quality == b.samples[i].stack_quality);
    }
}

}  // namespace

TEST_CASE("a block has the same report the hundredth time as the first, whatever came between")
{
    std::vector<seen_thread> looks;
    for (nanoseconds const after : {10ms, 20ms, 60ms}) looks.push_back(seen_here(after));
    raw_block const raw = block_of(looks);
    maker make;
    block_report const first = make(raw).whole();
    REQUIRE(first.stack.size() > 3);
    CHECK_FALSE(first.stack.front().function.empty());
    CHECK(first.stack.back().outside);
    CHECK(first.samples.size() == 3);
    frame_store frames;
    for (int i = 1; i < 100; ++i) {
        if (i % 3 == 0) {
            auto other = looks;
            other[0].stack.addresses[0] += static_cast<std::uintptr_t>(i % 7);
            other[1].stack.inner_frames = 2;  // the same addresses, in another position
            static_cast<void>(make(block_of(other)));
        }
        report_outline const again = make(raw);
        check_same(first, again.whole());
        check_same(first, kept_report{again, frames}.whole());
        // As one that has seen nothing before.
        if (i == 99) check_same(first, maker{}(raw).whole());
    }
}

TEST_CASE("the names of a bounded number of stacks are remembered, and those in use stay")
{
    named_stacks stacks;
    seen_thread often = seen_here(10ms);
    named_stacks::key const known{often.stack, false};
    stacks.add(known, {});
    for (std::uintptr_t i = 1; i <= 5 * named_stacks::most; ++i) {
        snapshot other = often.stack;
        other.addresses[0] += i;
        named_stacks::key const k{other, false};
        CHECK(stacks.find(k) == nullptr);
        stacks.add(k, {});
        CHECK(stacks.find(known) != nullptr);
        CHECK(stacks.size() <= named_stacks::most);
    }
    CHECK(stacks.size() == named_stacks::most);
}

TEST_CASE("names are forgotten with the modules and the settings that they were made with")
{
    named_stacks stacks;
    seen_thread const seen = seen_here(10ms);
    named_stacks::key const k{seen.stack, false};
    auto const follows = [&](std::uint64_t modules, char const* library) {
        stacks.follow(modules, library);
        bool const known = stacks.find(k) != nullptr;
        if (!known) stacks.add(k, {});
        return known;
    };
    CHECK_FALSE(follows(1, ""));
    CHECK(follows(1, ""));
    CHECK_FALSE(follows(2, ""));
    CHECK(follows(2, ""));
    CHECK_FALSE(follows(2, "vendor/*"));
    CHECK(follows(2, "vendor/*"));
}

TEST_CASE("stacks are told apart by all that their names and their position depend on")
{
    named_stacks stacks;
    snapshot const one = seen_here(10ms).stack;
    stacks.add(named_stacks::key{one, false}, {});
    auto const is_known = [&](auto change, bool by_symbols = false) {
        snapshot other = one;
        change(other);
        return stacks.find(named_stacks::key{other, by_symbols}) != nullptr;
    };
    CHECK(is_known([](snapshot& s) { s.taken_at += 1s; }));
    CHECK(is_known([](snapshot& s) { s.thread = 8; }));
    CHECK_FALSE(is_known([](snapshot& s) { ++s.addresses[1]; }));
    CHECK_FALSE(is_known([](snapshot& s) { --s.size; }));
    CHECK_FALSE(is_known([](snapshot& s) { s.first_is_exact = !s.first_is_exact; }));
    CHECK_FALSE(is_known([](snapshot& s) { s.where = standing::inside; }));
    CHECK_FALSE(is_known([](snapshot& s) { s.inner_frames = 1; }));
    CHECK_FALSE(is_known([](snapshot& s) { ++s.loop_frames; }));
    CHECK_FALSE(is_known([](snapshot& s) { s.within = 1; }));
    CHECK_FALSE(is_known([](snapshot& s) { s.missing = capture_error::no_unwind_info; }));
    CHECK_FALSE(is_known([](snapshot&) {}, true));
}

#endif
