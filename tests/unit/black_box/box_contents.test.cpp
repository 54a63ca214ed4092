// SPDX-License-Identifier: BSL-1.0

// What is written to a black box is what is read from it, at whatever byte the writer was stopped.
#include "made_box.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#if LOOPWATCH_HAS_UNWINDER()
#include <loopwatch/detail/exact/completion.hpp>
#endif

namespace made_box {

namespace {

view<std::byte const> bytes_of(std::string_view text)
{
    return {reinterpret_cast<std::byte const*>(text.data()), text.size()};
}

int const one_watch = 0;
int const another_watch = 0;

}  // namespace

TEST_CASE("the checksum is that of zlib")
{
    CHECK(crc32_of(bytes_of("")) == 0);
    CHECK(crc32_of(bytes_of("123456789")) == 0xcbf43926U);
    CHECK(crc32_of(bytes_of("The quick brown fox jumps over the lazy dog")) == 0x414fa339U);
}

TEST_CASE("a byte_writer stays in its room, and a byte_reader in its bytes")
{
    std::vector<std::byte> room(10);
    byte_writer to{view<std::byte>{room}};
    to.u64(1);
    to.text("longer");
    CHECK_FALSE(to.fits());
    CHECK(to.size() <= 10);
    to.rewind(8);
    to.u8(7);
    CHECK(to.fits());

    byte_reader from{view<std::byte const>{room}.first(9)};
    CHECK(from.u64() == 1);
    CHECK(from.u32() == 0);
    CHECK_FALSE(from.ok());
    CHECK(from.text().empty());
}

TEST_CASE("an enumerator beyond the last is none")
{
    std::vector<std::byte> const bytes{std::byte{8}, std::byte{9}};
    byte_reader from{bytes};
    CHECK(from.one_of(cause::self_deadlock) == cause::self_deadlock);
    static_cast<void>(from.one_of(cause::self_deadlock));
    CHECK_FALSE(from.ok());
}

TEST_CASE("a number of elements that can't be there is none")
{
    std::vector<std::byte> bytes(20);
    bytes[0] = std::byte{6};
    byte_reader enough{bytes};
    CHECK(enough.count(3) == 6);
    byte_reader too_many{bytes};
    CHECK(too_many.count(4) == 0);
    CHECK_FALSE(too_many.ok());
}

TEST_CASE("who records, and where code lay, is read as it was written")
{
    box b;
    auto const read = b.read();
    CHECK(read.process.id == 4711);
    CHECK(read.process.program == "/opt/app/service");
    CHECK(read.process.host == "here");
    CHECK(read.process.opened_at_wall == 1700000000s);
    REQUIRE(read.modules.size() == 1);
    CHECK(read.modules[0].file == "/opt/app/service");
    CHECK(read.modules[0].end == 0x500000);
    CHECK(read.modules[0].build_id == "\x01\x02\x03");
    CHECK_FALSE(read.used);
    CHECK_FALSE(read.closed);
    b.recorder.reset();
    CHECK(b.read().closed);
}

TEST_CASE("a block under way is read as it was written")
{
    box b;
    block made{one_watch};
    made.first[made.first.add_of_loop()] = thread_seen(7'000'002, 11ms, 128);
    made.later.emplace_back().push_back(thread_seen(7'000'001, 20ms));
    made.later.emplace_back().push_back(thread_seen(7'000'001, 40ms));
    std::size_t const place = b.recorder->record(block_recorder::none, made.told(12ms));
    b.recorder->record_length(place, 50ms, at(50ms));

    auto const read = b.read();
    CHECK(read.used);
    REQUIRE(read.blocks.size() == 1);
    CHECK(read.blocks[0].state.length == 50ms);
    auto const& what = read.blocks[0].what;
    raw_block const& raw = what.raw;
    CHECK(what.loop == "api");
    CHECK(what.first_taken);
    CHECK(raw.knows_runners);
    CHECK(raw.threshold == 10ms);
    CHECK(raw.sent_at == at(0ms));
    CHECK(raw.at_send.major_faults == 3);
    CHECK(raw.at_deadline.threads == 5);
    REQUIRE(raw.first.size() == 2);
    REQUIRE(raw.later.size() == 2);
    CHECK(raw.later[0][0].stack.taken_at == at(20ms));
    CHECK(raw.later[1][0].stack.taken_at == at(40ms));
    REQUIRE(raw.lives.size() == 2);
    CHECK_FALSE(raw.lives[0].since_seen);
    CHECK(raw.lives[0].from.on_cpu == 4ms);
    CHECK(raw.lives[0].to.at == at(40ms));
    CHECK(raw.lives[1].since_seen);

    seen_thread const was = thread_seen(7'000'002, 11ms, 128);
    seen_thread const& is = raw.first[1];
    CHECK(is.stack.size == 128);
    CHECK(is.stack.addresses == was.stack.addresses);
    CHECK(is.stack.contents == was.stack.contents);
    CHECK(is.stack.marks[5].registers == was.stack.marks[5].registers);
    CHECK(is.stack.where == standing::handler);
    CHECK(is.stack.inner_frames == 2);
    CHECK(is.stack.in_call);
    CHECK(is.stack.awaiters[0] == 0x402000);
    CHECK(is.stack.awaited == 0x403000);
    CHECK(is.reading.call.number == 230);
    CHECK(is.reading.call.arguments == was.reading.call.arguments);
    CHECK(is.reading.call.timeout == 2s);
    CHECK(is.reading.call.path.view() == "/var/lib/app/data");
    CHECK(is.reading.call.descriptors[1].link.view() == "socket:[4711]");
    CHECK(is.reading.call.descriptors[1].peer.bytes == was.reading.call.descriptors[1].peer.bytes);
    CHECK(is.reading.wait_channel.view() == "hrtimer_nanosleep");
    CHECK(is.reading.counters.slices == 7);
}

TEST_CASE("the handler that holds the loop is read as it was written, with the texts of its process")
{
    box b;
    block made{one_watch};
    handler_facts handler;
    handler.known = true;
    handler.thread = 7'000'001;
    handler.object_type = "socket";
    handler.operation = "async_receive";
    handler.object = 0x7f0012345678;
    handler.native = 9;
    handler.file = "/src/server.cpp";
    handler.line = 31;
    handler.started_before = 1200ms;
    handler.queued = 5ms;
    handler.descriptor.number = 9;
    handler.descriptor.link = "socket:[4711]";
    block_under_way told = made.told(12ms);
    auto const read_handler = [&] { return b.read().blocks[0].what.raw.handler; };
    std::size_t const place = b.recorder->record(block_recorder::none, told);
    CHECK_FALSE(read_handler().known);
    told.handler = &handler;
    static_cast<void>(b.recorder->record(place, told));

    handler_facts const is = read_handler();
    CHECK(is.known);
    CHECK(is.thread == 7'000'001);
    CHECK(is.object_type.view() == "socket");
    CHECK(is.operation.view() == "async_receive");
    CHECK(is.file.view() == "/src/server.cpp");
    CHECK(is.line == 31);
    CHECK(is.object == 0x7f0012345678);
    CHECK(is.native == 9);
    CHECK(is.started_before == 1200ms);
    CHECK(is.queued == 5ms);
    CHECK(is.descriptor.link.view() == "socket:[4711]");
    CHECK(b.read().blocks[0].what.handler_type.empty());  // which is of no such number

#if LOOPWATCH_HAS_UNWINDER()
    exact::cell<std::uint32_t> number{0};
    handler.type = exact::enter_type(number, "N4asio6detail11executor_opIN3app1hEvvEE");
    static_cast<void>(b.recorder->record(place, told));
    CHECK(b.read().blocks[0].what.handler_type == "N4asio6detail11executor_opIN3app1hEvvEE");
#endif
    handler = {};
    handler.known = true;
    static_cast<void>(b.recorder->record(place, told));
    CHECK(read_handler().operation == nullptr);
    CHECK(read_handler().started_before < 0ms);
}

TEST_CASE("a report is read as it was written")
{
    box b;
    b.recorder->record(&one_watch, full_report(3));
    auto const read = b.read();
    REQUIRE(read.reports.size() == 1);
    block_report const is = read.reports[0].what;
    block_report const was = full_report(3);
    CHECK(is.number == 3);
    CHECK(is.loop == was.loop);
    CHECK(is.thread_id == was.thread_id);
    CHECK(is.thread_name == was.thread_name);
    CHECK(is.began_at == was.began_at);
    CHECK(is.duration == was.duration);
    CHECK(is.duration_max == was.duration_max);
    CHECK(is.own_duration == was.own_duration);
    CHECK(is.threshold == was.threshold);
    CHECK(is.cause == was.cause);
    CHECK(is.evidence == was.evidence);
    CHECK(is.excuse == was.excuse);
    CHECK(is.fix == was.fix);
    CHECK(is.stack_missing == was.stack_missing);
    CHECK(is.stack_quality == was.stack_quality);
    CHECK(is.stack == was.stack);
    CHECK(is.awaited_by == was.awaited_by);
    CHECK(is.handler == was.handler);
    CHECK(is.handlers_run == was.handlers_run);
    REQUIRE(is.held_by);
    CHECK(is.held_by->thread_name == "other");
    CHECK(is.held_by->stack == was.held_by->stack);
    CHECK(is.held_by->stack_missing == "why");
    REQUIRE(is.samples.size() == 2);
    CHECK(is.samples[1].after == 20ms);
    CHECK(is.samples[1].doing == "on CPU");
    CHECK(is.samples[1].stack == was.samples[1].stack);
}

TEST_CASE("the last reports stay, whatever the ring is overwritten with")
{
    box b;
    for (std::uint64_t i = 1; i <= 500; ++i) {
        block_report r = full_report(i);
        r.evidence.assign(i * 37 % 900, 'x');
        b.recorder->record(&one_watch, r);
        auto const read = b.read();
        REQUIRE_FALSE(read.reports.empty());
        CHECK(read.reports.back().what.number == i);
        // Without gaps.
        for (std::size_t k = 1; k < read.reports.size(); ++k)
            REQUIRE(read.reports[k].what.number == read.reports[k - 1].what.number + 1);
        if (i > 100) CHECK(read.reports.size() > 20);
    }
    CHECK_FALSE(memory_of::beyond);
}

TEST_CASE("a report that is too large for a box loses its samples, not itself")
{
    box b;
    block_report r = full_report(1);
    r.samples.resize(40);
    for (std::size_t i = 0; i < r.samples.size(); ++i)
        for (std::size_t k = 0; k < 40; ++k)
            r.samples[i].stack.push_back(frame_of(i * 100 + k, std::string(200, 'f'), "f.cpp", 1));
    b.recorder->record(&one_watch, r);
    auto const read = b.read();
    REQUIRE(read.reports.size() == 1);
    CHECK(read.reports[0].what.samples.empty());
    CHECK(read.reports[0].what.stack == r.stack);
    CHECK(read.lost == 0);
}

TEST_CASE("a block that is over stays until it is reported")
{
    box b;
    block const made{one_watch};
    std::size_t const place = b.recorder->record(block_recorder::none, made.told(12ms));
    SECTION("and goes then")
    {
        b.recorder->record_end(place, true, at(20ms));
        REQUIRE(b.read().blocks.size() == 1);
        CHECK(b.read().blocks[0].state.now == box_block_state::phase::over);
        b.recorder->settled(&another_watch, made.sent_at);
        CHECK(b.read().blocks.size() == 1);
        b.recorder->settled(&one_watch, made.sent_at + 1ns);
        CHECK(b.read().blocks.size() == 1);
        b.recorder->settled(&one_watch, made.sent_at);
        CHECK(b.read().blocks.empty());
    }
    SECTION("or goes at once, if there is nothing to report")
    {
        b.recorder->record_end(place, false, at(20ms));
        CHECK(b.read().blocks.empty());
    }
    SECTION("also if it was recorded more than once")
    {
        static_cast<void>(b.recorder->record(place, made.told(15ms)));
        b.recorder->record_end(place, false, at(20ms));
        CHECK(b.read().blocks.empty());
    }
}

TEST_CASE("more blocks than there are places are counted, and take those of what is over")
{
    box b;
    block const first{one_watch, 0ms};
    block const second{another_watch, 1ms};
    block const third{one_watch, 5ms};
    std::size_t const place = b.recorder->record(block_recorder::none, first.told(10ms));
    static_cast<void>(b.recorder->record(block_recorder::none, second.told(10ms)));
    CHECK(b.recorder->record(block_recorder::none, third.told(10ms)) == block_recorder::none);
    CHECK(b.read().lost == 1);
    CHECK(b.read().blocks.size() == 2);
    b.recorder->record_end(place, true, at(20ms));
    CHECK(b.recorder->record(block_recorder::none, third.told(10ms)) != block_recorder::none);
    auto const read = b.read();
    REQUIRE(read.blocks.size() == 2);
    CHECK(read.blocks[1].what.raw.sent_at == third.sent_at);
    CHECK(read.lost == 2);
}

TEST_CASE("where not all threads have room, the block is recorded with those that have")
{
    box b;
    block made{one_watch};
    for (thread_number t = 2; t <= 6; ++t) made.first[made.first.add_of_loop()] = thread_seen(7'000'000 + t, 10ms, 128);
    for (int i = 0; i < 10; ++i) {
        moment& m = made.later.emplace_back();
        for (thread_number t = 1; t <= 6; ++t) m.push_back(thread_seen(7'000'000 + t, 20ms + i * 1ms, 128));
    }
    static_cast<void>(b.recorder->record(block_recorder::none, made.told(40ms)));
    auto const read = b.read();
    REQUIRE(read.blocks.size() == 1);
    raw_block const& raw = read.blocks[0].what.raw;
    CHECK(raw.first.size() >= 2);
    REQUIRE_FALSE(raw.later.empty());
    CHECK(raw.later[raw.later.size() - 1][0].stack.taken_at == at(29ms));
    CHECK(read.lost == 0);
}

TEST_CASE("a writer that is stopped at any byte of a record leaves the one before")
{
    box b;
    block made{one_watch};
    std::size_t place = b.recorder->record(block_recorder::none, made.told(12ms));
    std::vector<std::uint64_t> const before = b.file.bytes;
    made.later.emplace_back().push_back(thread_seen(7'000'001, 20ms));
    place = b.recorder->record(place, made.told(25ms));
    std::vector<std::uint64_t> const after = b.file.bytes;

    auto const as_bytes = [](std::vector<std::uint64_t> const& words) {
        return view<std::byte const>{reinterpret_cast<std::byte const*>(words.data()), words.size() * 8};
    };
    std::vector<std::size_t> changed;
    for (std::size_t i = 0; i < as_bytes(before).size(); ++i)
        if (as_bytes(before)[i] != as_bytes(after)[i]) changed.push_back(i);
    REQUIRE(changed.size() > 200);
    // In any order: what is written in which one is the compiler's choice.
    bool backwards = false;
    for (int turn = 0; turn < 2; ++turn, backwards = true) {
        b.file.bytes = before;
        if (backwards) std::reverse(changed.begin(), changed.end());
        for (std::size_t n = 0; n + 1 < changed.size(); ++n) {
            b.file.all()[changed[n]] = as_bytes(after)[changed[n]];
            auto const read = b.read();
            REQUIRE(read.blocks.size() == 1);
            // Or the new one, where all of that is there and its length is not.
            auto const& what = read.blocks[0].what;
            bool const is_old = what.written_at == at(12ms) && what.raw.later.empty();
            bool const is_new = what.written_at == at(25ms) && what.raw.later.size() == 1;
            REQUIRE((is_old || (is_new && backwards)));
        }
    }
    b.file.bytes = after;
    CHECK(b.read().blocks[0].what.raw.later.size() == 1);
}

TEST_CASE("what is no black box is told from one of another version, and from a damaged one")
{
    box b;
    box_contents found;
    auto const defect = [&](view<std::byte const> file) { return box_scan{file}(found); };
    CHECK(defect({}) == box_layout::defect::no_box);
    CHECK(defect(bytes_of("LOOPWBO")) == box_layout::defect::no_box);
    CHECK(defect(bytes_of("#!/bin/sh\necho hello\n")) == box_layout::defect::no_box);
    CHECK(defect(view<std::byte const>{b.file.all()}.first(20)) == box_layout::defect::none);
    CHECK(found.damaged);
    b.file.all()[8] = std::byte{2};
    CHECK(defect(b.file.all()) == box_layout::defect::other_version);
}

TEST_CASE("with a damaged header the rest is found")
{
    box b;
    block const made{one_watch};
    static_cast<void>(b.recorder->record(block_recorder::none, made.told(12ms)));
    b.recorder->record(&one_watch, full_report(1));
    b.file.all()[20] ^= std::byte{1};
    auto const read = b.read();
    CHECK(read.damaged);
    CHECK(read.process.id == 4711);
    CHECK(read.blocks.size() == 1);
    CHECK(read.reports.size() == 1);
}

}  // namespace made_box
