// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <loopwatch/impl/black_box/box_contents.hpp>
#include <loopwatch/impl/black_box/box_layout.hpp>
#include <loopwatch/impl/black_box/box_recorder.hpp>

// A black box in memory, and blocks that never were.
namespace made_box {

using namespace std::chrono_literals;
using namespace loopwatch;
using namespace loopwatch::detail;

inline time_point at(nanoseconds since_start) { return time_point{} + 1h + since_start; }

/// What a killed process leaves is what this has.
struct file_in_memory {
    explicit file_in_memory(box_layout const& of) : bytes((of.size() + 7) / 8) {}
    std::vector<std::uint64_t> bytes;  // aligned
    [[nodiscard]] view<std::byte> all()
    {
        return {reinterpret_cast<std::byte*>(bytes.data()), bytes.size() * sizeof(std::uint64_t)};
    }
};

class memory_of final : public box_memory {
public:
    explicit memory_of(file_in_memory& file) : file_{file} {}
    [[nodiscard]] view<std::byte> bytes() noexcept override { return file_.all(); }
    void changed(std::size_t at_byte, std::size_t size) noexcept override
    {
        if (at_byte + size > file_.all().size()) beyond = true;
    }
    static inline bool beyond = false;

private:
    file_in_memory& file_;
};

inline bool one_module(module_changes& since, many<module_place>& to)
{
    if (since.loads == 1) return false;
    since.loads = 1;
    to.push_back({"/opt/app/service", 0x400000, 0x500000, 0x400000, "\x01\x02\x03", true});
    return true;
}

/// A box with two places and the smallest ring.
struct box {
    explicit box(std::size_t places = 2, std::size_t reports = 65536)
        : layout{box_layout::of(places, reports)},
          file{layout},
          recorder{new box_recorder{owned<box_memory>{new memory_of{file}}, layout, process(), &one_module}}
    {
        recorder->record_modules();
    }
    static recorded_process process()
    {
        recorded_process p;
        p.id = 4711;
        p.program = "/opt/app/service";
        p.host = "here";
        p.library_version = "0.2.0";
        p.machine = "x86_64";
        p.opened_at = at(0ms);
        p.opened_at_wall = 1700000000s;
        return p;
    }
    [[nodiscard]] box_contents read()
    {
        box_contents found;
        static_cast<void>(box_scan{file.all()}(found));
        return found;
    }

    box_layout layout;
    file_in_memory file;
    shared<box_recorder> recorder;
};

/// A thread that sleeps in nanosleep(), at some depth.
inline seen_thread thread_seen(thread_number number, nanoseconds when, std::size_t depth = 3)
{
    seen_thread t;
    t.stack = snapshot{};
    t.reading.thread = t.stack.thread = number;
    t.reading.at = t.stack.taken_at = at(when);
    t.reading.state = 'S';
    t.reading.in_kernel = true;
    t.reading.call.number = 230;
    t.reading.call.arguments[3] = 0x1234;
    t.reading.call.has_timeout = true;
    t.reading.call.timeout = 2s;
    t.reading.call.path = "/var/lib/app/data";
    t.reading.call.descriptor_count = 2;
    t.reading.call.descriptors[1].number = 9;
    t.reading.call.descriptors[1].link = "socket:[4711]";
    t.reading.call.descriptors[1].is_socket = true;
    t.reading.call.descriptors[1].peer.size = 16;
    t.reading.call.descriptors[1].peer.bytes[3] = std::byte{80};
    t.reading.wait_channel = "hrtimer_nanosleep";
    t.reading.counters = {.known = true, .at = at(when), .on_cpu = 5ms, .run_delay = 1ms, .slices = 7};
    t.stack.size = depth;
    for (std::size_t i = 0; i < depth; ++i) {
        t.stack.addresses[i] = 0x401000 + 16 * i;
        t.stack.marks[i].registers[2] = static_cast<std::uint16_t>(i + 1);
        t.stack.contents[i] = static_cast<std::uint32_t>(i + 77);
    }
    t.stack.missing = capture_error::none;
    t.stack.in_call = t.stack.asleep = true;
    t.stack.where = standing::handler;
    t.stack.inner_frames = 2;
    t.stack.awaiters_size = 1;
    t.stack.awaiters[0] = 0x402000;
    t.stack.awaited = 0x403000;
    return t;
}

/// What the watchdog tells of one.
struct block {
    explicit block(int const& of, nanoseconds sent = 0ms) : whose{&of}, sent_at{at(sent)}
    {
        first[first.add_of_loop()] = thread_seen(7'000'001, sent + 10ms);
        at_deadline.threads = 5;
        at_deadline.runnable = 2;
        known.push_back({.number = 7'000'001});
        baseline.push_back({.known = true, .at = at(sent), .on_cpu = 4ms});
    }
    [[nodiscard]] block_under_way told(nanoseconds length) const
    {
        block_under_way b;
        b.whose = whose;
        b.loop = "api";
        b.knows_runners = true;
        b.hold = strand_hold::untold;
        b.threshold = 10ms;
        b.sent_at = sent_at;
        b.length = {length, length + 1ms};
        b.now = sent_at + length;
        b.known = known;
        b.baseline = baseline;
        b.at_send = {true, 1, 2, 3};
        b.before = &before;
        b.at_deadline = &at_deadline;
        b.first = &first;
        b.first_taken = true;
        b.later = later;
        return b;
    }

    void const* whose;
    time_point sent_at;
    sighting first;
    many<moment> later;
    many<loop_thread> known;
    many<thread_counters> baseline;
    process_reading before;
    process_reading at_deadline;
};

inline frame frame_of(std::uintptr_t address, std::string function, std::string file, unsigned line)
{
    frame f;
    f.address = address;
    f.function = std::move(function);
    f.file = std::move(file);
    f.line = line;
    f.module = "/opt/app/service";
    f.module_offset = address - 0x400000;
    f.origin = code_origin::user;
    return f;
}

/// With something in each member.
inline block_report full_report(std::uint64_t number)
{
    block_report r;
    r.number = number;
    r.loop = "api";
    r.thread_id = 4712;
    r.thread_name = "worker";
    r.began_at = std::chrono::system_clock::time_point{1700000001s};
    r.duration = 153ms;
    r.duration_max = 155ms;
    r.own_duration = 150ms;
    r.threshold = 10ms;
    r.ended = true;
    r.cause = cause::blocking_call;
    r.evidence = "recvfrom(fd 9: tcp 127.0.0.1:5000)";
    r.excuse = "e";
    r.fix = "do not";
    r.stack_missing = "m";
    r.stack_quality = stack_quality::approximate;
    r.stack = {frame_of(0x401000, "recv", "", 0), frame_of(0x401010, "app::load()", "app.cpp", 12)};
    r.stack[0].outside = r.stack[1].coroutine = r.stack[1].inlined = true;
    r.awaited_by = {frame_of(0x402000, "app::serve()", "app.cpp", 99)};
    r.held_by.emplace();
    r.held_by->thread_id = 99;
    r.held_by->thread_name = "other";
    r.held_by->stack = {r.stack[1]};
    r.held_by->stack_quality = stack_quality::partial;
    r.held_by->stack_missing = "why";
    r.handler.operation = "async_read";
    r.handler.completion_handler = "session::on_read";
    r.handler.object_type = "socket";
    r.handler.object = 0x7f0012345678;
    r.handler.native_handle = 9;
    r.handler.peer = "tcp 127.0.0.1:5000";
    r.handler.file = "server.cpp";
    r.handler.line = 31;
    r.handler.started = 1200ms;
    r.handler.queued = 3ms;
    r.handlers_run = {{"session::on_read", 1200}, {"", 40}};
    r.samples.resize(2);
    r.samples[1].after = 20ms;
    r.samples[1].doing = "on CPU";
    r.samples[1].stack = r.stack;
    r.samples[1].stack_quality = stack_quality::exact;
    return r;
}

}  // namespace made_box
