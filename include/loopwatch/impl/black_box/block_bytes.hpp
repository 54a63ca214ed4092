// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../block/block_recorder.hpp"
#include "../block/raw_block.hpp"
#include "../capture/snapshot.hpp"
#include "../evidence/reading.hpp"
#include "../platform/thread.hpp"
#include "bytes.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

// A block under way as bytes. Written on the watchdog: no allocation, no lock.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

inline void write(byte_writer& to, thread_counters const& c)
{
    to.flag(c.known);
    if (!c.known) return;
    to.time(c.at);
    to.length(c.on_cpu);
    to.length(c.run_delay);
    to.u64(c.slices);
    to.flag(c.run_delay_counted);
}
inline void read(byte_reader& from, thread_counters& c)
{
    c = {};
    c.known = from.flag();
    if (!c.known) return;
    c.at = from.time();
    c.on_cpu = from.length();
    c.run_delay = from.length();
    c.slices = from.u64();
    c.run_delay_counted = from.flag();
}

inline void write(byte_writer& to, process_counters const& c)
{
    to.flag(c.known);
    if (!c.known) return;
    for (std::uint64_t const each : {c.yielded, c.preemptions, c.major_faults}) to.u64(each);
}
inline void read(byte_reader& from, process_counters& c)
{
    c = {};
    c.known = from.flag();
    if (!c.known) return;
    for (std::uint64_t* const each : {&c.yielded, &c.preemptions, &c.major_faults}) *each = from.u64();
}

inline void write(byte_writer& to, process_reading const& p)
{
    to.time(p.at);
    write(to, p.counters);
    for (unsigned const each : {p.runnable, p.processors, p.threads}) to.u32(each);
    to.flag(p.has_throttling);
    to.length(p.throttled);
    to.i64(p.tracer);
}
inline void read(byte_reader& from, process_reading& p)
{
    p = {};
    p.at = from.time();
    read(from, p.counters);
    for (unsigned* const each : {&p.runnable, &p.processors, &p.threads}) *each = from.u32();
    p.has_throttling = from.flag();
    p.throttled = from.length();
    p.tracer = static_cast<long>(from.i64());
}

inline void write(byte_writer& to, socket_address const& a)
{
    std::size_t const size = std::min(a.size, a.bytes.size());
    to.u8(static_cast<std::uint8_t>(size));
    to.raw(a.bytes.data(), size);
}
inline void read(byte_reader& from, socket_address& a)
{
    a = {};
    auto const bytes = from.raw(from.u8());
    a.size = std::min(bytes.size(), a.bytes.size());
    for (std::size_t i = 0; i < a.size; ++i) a.bytes[i] = bytes[i];
}

inline void write(byte_writer& to, call_reading const& c)
{
    to.i64(c.number);
    for (std::uint64_t const each : c.arguments) to.u64(each);
    to.u16(static_cast<std::uint16_t>(std::min<std::size_t>(c.descriptor_count, 0xffff)));
    for (std::size_t i = 0; i < std::min(c.descriptor_count, c.descriptors.size()); ++i) {
        descriptor_reading const& d = c.descriptors[i];
        to.i64(d.number);
        to.text(d.link.view());
        to.flag(d.is_socket);
        to.i64(d.socket_type);
        write(to, d.local);
        write(to, d.peer);
    }
    to.text(c.path.view());
    write(to, c.address);
    to.flag(c.has_timeout);
    to.length(c.timeout);
    to.flag(c.timeout_is_absolute);
    to.u32(c.futex_word);
    to.i64(c.mutex_owner);
    to.i64(c.awaited_thread);
}
inline void read(byte_reader& from, call_reading& c)
{
    c = {};
    c.number = static_cast<long>(from.i64());
    for (std::uint64_t& each : c.arguments) each = from.u64();
    c.descriptor_count = from.u16();
    for (std::size_t i = 0; i < std::min(c.descriptor_count, c.descriptors.size()); ++i) {
        descriptor_reading& d = c.descriptors[i];
        d.number = static_cast<int>(from.i64());
        d.link = from.text();
        d.is_socket = from.flag();
        d.socket_type = static_cast<int>(from.i64());
        read(from, d.local);
        read(from, d.peer);
    }
    c.path = from.text();
    read(from, c.address);
    c.has_timeout = from.flag();
    c.timeout = from.length();
    c.timeout_is_absolute = from.flag();
    c.futex_word = from.u32();
    c.mutex_owner = from.i64();
    c.awaited_thread = from.i64();
}

inline void write(byte_writer& to, thread_reading const& r)
{
    to.i64(r.thread);
    to.time(r.at);
    write(to, r.counters);
    to.u8(static_cast<std::uint8_t>(r.state));
    to.flag(r.in_kernel);
    if (r.in_kernel) write(to, r.call);
    to.text(r.wait_channel.view());
    to.flag(r.has_faults);
    to.u64(r.major_faults);
    to.length(r.block_io_delay);
}
inline void read(byte_reader& from, thread_reading& r)
{
    r = {};
    r.thread = from.i64();
    r.at = from.time();
    read(from, r.counters);
    r.state = static_cast<char>(from.u8());
    r.in_kernel = from.flag();
    if (r.in_kernel) read(from, r.call);
    r.wait_channel = from.text();
    r.has_faults = from.flag();
    r.major_faults = from.u64();
    r.block_io_delay = from.length();
}

inline void write(byte_writer& to, snapshot const& s)
{
    to.i64(s.thread);
    to.u8(static_cast<std::uint8_t>(s.missing));
    to.u8(static_cast<std::uint8_t>(s.where));
    for (bool const each : {s.first_is_exact, s.in_call, s.asleep, s.let_go}) to.flag(each);
    to.time(s.taken_at);
    to.flag(s.within != ~std::uintptr_t{0});
    to.u16(static_cast<std::uint16_t>(s.loop_frames));
    to.u16(static_cast<std::uint16_t>(s.inner_frames));
    to.u16(static_cast<std::uint16_t>(s.size));
    for (std::size_t i = 0; i < s.size; ++i) {
        to.u64(s.addresses[i]);
        for (std::uint16_t const each : s.marks[i].registers) to.u16(each);
        to.u32(s.contents[i]);
    }
    to.u16(static_cast<std::uint16_t>(s.awaiters_size));
    for (std::uintptr_t const each : s.awaiting()) to.u64(each);
    to.u64(s.awaited);
    to.time(s.awaiters_read_at);
}
inline void read(byte_reader& from, snapshot& s)
{
    s = {};
    s.thread = from.i64();
    s.missing = from.one_of(capture_error::not_taken);
    s.where = from.one_of(standing::handler);
    for (bool* const each : {&s.first_is_exact, &s.in_call, &s.asleep, &s.let_go}) *each = from.flag();
    s.taken_at = from.time();
    if (from.flag()) s.within = 0;
    s.loop_frames = from.u16();
    s.inner_frames = from.u16();
    s.size = std::min(from.count(24), s.addresses.size());
    for (std::size_t i = 0; i < s.size; ++i) {
        s.addresses[i] = static_cast<std::uintptr_t>(from.u64());
        for (std::uint16_t& each : s.marks[i].registers) each = from.u16();
        s.contents[i] = from.u32();
    }
    s.awaiters_size = std::min(from.count(8), s.awaiters.size());
    for (std::uintptr_t& each : view{s.awaiters}.first(s.awaiters_size)) each = static_cast<std::uintptr_t>(from.u64());
    s.awaited = static_cast<std::uintptr_t>(from.u64());
    s.awaiters_read_at = from.time();
}

inline void write(byte_writer& to, seen_thread const& t)
{
    write(to, t.reading);
    write(to, t.stack);
}
inline void read(byte_reader& from, seen_thread& t)
{
    read(from, t.reading);
    read(from, t.stack);
}

/// As many threads as there is room for, if so many bytes are left to what follows.
inline void write(byte_writer& to, view<seen_thread const> threads, std::size_t reserve,
                  block_under_way const* of = nullptr)
{
    for (seen_thread const& t : threads) {
        std::size_t const before = to.size();
        to.flag(true);
        write(to, t);
        if (of != nullptr) {
            auto const* const known = first_with(of->known, &loop_thread::number, t.stack.thread);
            bool const has_baseline = known != nullptr && !of->baseline.empty();
            write(to,
                  has_baseline ? of->baseline[static_cast<std::size_t>(known - of->known.data())] : thread_counters{});
            to.text(thread_name(t.stack.thread));
        }
        if (to.fits() && to.left() >= reserve) continue;
        to.rewind(before);
        break;
    }
    to.flag(false);
}

/// All that is known of it.
inline void write(byte_writer& to, block_under_way const& block)
{
    to.u64(reinterpret_cast<std::uintptr_t>(block.whose));
    to.text(block.loop, 255);
    for (bool const each : {block.on_strand, block.knows_runners, block.all_threads, block.first_taken}) to.flag(each);
    to.u8(static_cast<std::uint8_t>(block.hold));
    to.length(block.threshold);
    to.time(block.sent_at);
    to.length(block.length.at_most - block.length.at_least);
    to.time(block.now);
    to.since_epoch(std::chrono::duration_cast<nanoseconds>(std::chrono::system_clock::now().time_since_epoch()));
    write(to, block.at_send);
    write(to, *block.before);
    write(to, *block.at_deadline);
    to.text(block.holder_name, 64);
    to.flag(block.first->has_holder);
    if (block.first->has_holder) write(to, block.first->holder);
    constexpr std::size_t for_later = 4096;
    write(to, block.first->of_loop(), for_later, &block);
    write(to, block.first->others(), for_later - 8, &block);
    // Where there is no room for all samples, the later ones.
    for (std::size_t i = block.later.size(); i-- > 0;) {
        std::size_t const before = to.size();
        to.flag(true);
        write(to, block.later[i], 2);
        if (to.fits() && to.left() > 0) continue;
        to.rewind(before);
        break;
    }
    to.flag(false);
}

/// A block under way as it was read.
struct recorded_block_under_way {
    std::uint64_t whose{0};
    std::string loop;
    bool on_strand{false};
    bool first_taken{false};
    time_point written_at{};
    nanoseconds written_at_wall{};
    raw_block raw;
};

inline void read(byte_reader& from, moment& to, many<thread_life>* lives)
{
    while (from.ok() && from.flag()) {
        seen_thread& t = to.emplace_back();
        read(from, t);
        if (lives == nullptr) continue;
        thread_life& life = lives->emplace_back();
        read(from, life.from);
        life.since_seen = !life.from.known;
        if (life.since_seen) life.from = t.reading.counters;
        life.to = t.reading.counters;
        life.name = from.text();
    }
}

/// False: it makes no sense, or says nothing of any thread.
inline bool read(byte_reader& from, recorded_block_under_way& to)
{
    raw_block& raw = to.raw;
    to.whose = from.u64();
    to.loop = from.text();
    for (bool* const each : {&to.on_strand, &raw.knows_runners, &raw.all_threads, &to.first_taken}) *each = from.flag();
    raw.hold = from.one_of(strand_hold::by_nobody);
    raw.threshold = from.length();
    raw.sent_at = from.time();
    raw.length.at_most = from.length();
    to.written_at = from.time();
    to.written_at_wall = from.since_epoch();
    read(from, raw.at_send);
    read(from, raw.before);
    read(from, raw.at_deadline);
    raw.holder_name = from.text();
    if (from.flag()) {
        raw.holder.emplace();
        read(from, *raw.holder);
    }
    read(from, raw.first, &raw.lives);
    read(from, raw.others, &raw.other_lives);
    while (from.ok() && from.flag()) read(from, raw.later.emplace_back(), nullptr);
    for (std::size_t i = 0, k = raw.later.size(); i + 1 < k; ++i) std::swap(raw.later[i], raw.later[--k]);
    if (!from.ok() || raw.first.empty()) return false;
    raw.how = ending::none;
    raw.after = raw.at_deadline;
    // How the threads have spent their time is known until the last look.
    auto const take_last = [&](view<seen_thread const> first, many<thread_life>& lives) {
        for (moment const& m : raw.later)
            for (std::size_t i = 0; i < first.size(); ++i) {
                auto const same = [&](seen_thread const& t) { return t.stack.thread == first[i].stack.thread; };
                auto const* const last = first_of(m, same);
                if (last != nullptr && last->reading.counters.known) lives[i].to = last->reading.counters;
            }
    };
    take_last(raw.first, raw.lives);
    take_last(raw.others, raw.other_lives);
    return true;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
