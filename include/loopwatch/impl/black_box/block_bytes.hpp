// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../base/wall_clock.hpp"
#include "../block/block_recorder.hpp"
#include "../block/raw_block.hpp"
#include "../capture/snapshot.hpp"
#include "../evidence/reading.hpp"
#include "../exact/handler_facts.hpp"
#include "../exact/type_names.hpp"
#include "../platform/thread.hpp"
#include "bytes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

// A block under way as bytes. Written on the watchdog: no allocation, no lock.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

template <typename Bytes>
void fields(Bytes& io, field<Bytes, thread_counters>& c)
{
    io.flag(c.known);
    if (!c.known) return;
    io.time(c.at);
    io.length(c.on_cpu);
    io.length(c.run_delay);
    io.u64(c.slices);
    io.flag(c.run_delay_counted);
}

template <typename Bytes>
void fields(Bytes& io, field<Bytes, process_counters>& c)
{
    io.flag(c.known);
    if (!c.known) return;
    for (auto* const each : {&c.yielded, &c.preemptions, &c.major_faults}) io.u64(*each);
}

template <typename Bytes>
void fields(Bytes& io, field<Bytes, process_reading>& p)
{
    io.time(p.at);
    fields(io, p.counters);
    for (auto* const each : {&p.runnable, &p.processors, &p.threads}) io.u32(*each);
    io.flag(p.has_throttling);
    io.length(p.throttled);
    io.i64(p.tracer);
}

template <std::size_t N>
void fields(byte_writer& to, short_text<N> const& t)
{
    to.text(t.view());
}
template <std::size_t N>
void fields(byte_reader& from, short_text<N>& t)
{
    from.text(t);
}

template <typename Bytes>
void fields(Bytes& io, field<Bytes, socket_address>& a)
{
    io.some(a.bytes, a.size);
}

template <typename Bytes>
void fields(Bytes& io, field<Bytes, descriptor_reading>& d)
{
    io.i64(d.number);
    fields(io, d.link);
    io.flag(d.is_socket);
    io.i64(d.socket_type);
    fields(io, d.local);
    fields(io, d.peer);
}

template <typename Bytes>
void fields(Bytes& io, field<Bytes, call_reading>& c)
{
    io.i64(c.number);
    for (auto& each : c.arguments) io.u64(each);
    io.u16(c.descriptor_count);
    for (auto& each : view{c.descriptors}.first(std::min(c.descriptor_count, c.descriptors.size()))) fields(io, each);
    fields(io, c.path);
    fields(io, c.address);
    io.flag(c.has_timeout);
    io.length(c.timeout);
    io.flag(c.timeout_is_absolute);
    io.u32(c.futex_word);
    io.i64(c.mutex_owner);
    io.i64(c.awaited_thread);
}

// Without done_at: by that is dropped what was read after the end of a block, and one under way has none yet. Of one
// that ended during its last look, and was not reported any more, a reading too many is told.
template <typename Bytes>
void fields(Bytes& io, field<Bytes, thread_reading>& r)
{
    io.i64(r.thread);
    io.time(r.at);
    fields(io, r.counters);
    io.letter(r.state);
    io.flag(r.in_kernel);
    if (r.in_kernel) fields(io, r.call);
    fields(io, r.wait_channel);
    io.flag(r.has_faults);
    io.u64(r.major_faults);
    io.length(r.block_io_delay);
}

// Without the loop, the strand and the bounds of the stack, which serve to take it. Of `within` only whether there is
// one.
template <typename Bytes>
void fields(Bytes& io, field<Bytes, snapshot>& s)
{
    io.i64(s.thread);
    io.one_of(s.missing, capture_error::not_taken);
    io.one_of(s.where, standing::handler);
    for (auto* const each : {&s.first_is_exact, &s.in_call, &s.asleep, &s.let_go}) io.flag(*each);
    io.time(s.taken_at);
    // NOLINTNEXTLINE(misc-const-correctness): a reader changes it
    bool is_within = s.within != ~std::uintptr_t{0};
    io.flag(is_within);
    if constexpr (Bytes::reads) s.within = is_within ? 0 : ~std::uintptr_t{0};
    io.u16(s.loop_frames);
    io.u16(s.inner_frames);
    io.count(s.size, 24, s.addresses.size());
    for (std::size_t i = 0; i < s.size; ++i) {
        io.u64(s.addresses[i]);
        for (auto& each : s.marks[i].registers) io.u16(each);
        io.u32(s.contents[i]);
    }
    io.count(s.awaiters_size, 8, s.awaiters.size());
    for (auto& each : view{s.awaiters}.first(s.awaiters_size)) io.u64(each);
    io.u64(s.awaited);
    io.time(s.awaiters_read_at);
}

template <typename Bytes>
void fields(Bytes& io, field<Bytes, seen_thread>& t)
{
    fields(io, t.reading);
    fields(io, t.stack);
}

/// A thread at the deadline, what it had run when the heartbeat was sent, and its name.
template <typename Bytes, typename Name>
void fields(Bytes& io, field<Bytes, seen_thread>& t, field<Bytes, thread_counters>& at_send, Name& name)
{
    fields(io, t);
    fields(io, at_send);
    io.text(name);
}

/// A handler, and the name of its type, which the process that reads does not have.
template <typename Bytes, typename Name>
void fields(Bytes& io, field<Bytes, handler_facts>& h, Name& type)
{
    io.flag(h.known);
    if (!h.known) return;
    io.text(type);
    fields(io, h.object_type);
    fields(io, h.operation);
    fields(io, h.file);
    io.i64(h.thread);
    io.u64(h.object);
    io.i64(h.native);
    io.u32(h.line);
    io.length(h.started_before);
    io.length(h.queued);
    fields(io, h.descriptor);
}

inline void write(byte_writer& to, handler_facts const* handler)
{
    handler_facts const none;
    handler_facts const& h = handler == nullptr ? none : *handler;
    char const* const name = h.known ? operation_type_name(h.type) : nullptr;
    std::string_view const type = name == nullptr ? std::string_view{} : std::string_view{name};
    fields(to, h, type);
}

/// When a block was written, and how much longer than at least it may have lasted by then.
struct block_written {
    nanoseconds margin{};
    time_point written_at{};
    nanoseconds written_at_wall{};
};

template <typename Bytes>
void fields(Bytes& io, field<Bytes, block_written>& w)
{
    io.length(w.margin);
    io.time(w.written_at);
    io.since_epoch(w.written_at_wall);
}

/// What is known of a block beside its threads. `facts`: those of a block under way are its own, what is read has them
/// in its raw block.
template <typename Bytes, typename Block, typename Facts>
void fields(Bytes& io, Block& block, Facts& facts, field<Bytes, block_written>& when,
            field<Bytes, process_reading>& before, field<Bytes, process_reading>& at_deadline)
{
    io.text(block.loop, 255);
    for (auto* const each : {&block.on_strand, &facts.knows_runners, &facts.all_threads, &block.first_taken})
        io.flag(*each);
    io.one_of(facts.hold, strand_hold::by_nobody);
    io.length(facts.threshold);
    io.time(facts.sent_at);
    fields(io, when);
    fields(io, facts.at_send);
    fields(io, before);
    fields(io, at_deadline);
    io.text(facts.holder_name, 64);
}

/// As many of the threads at the deadline as there is room for, if so many bytes are left to what follows.
inline void write(byte_writer& to, view<seen_thread const> threads, std::size_t reserve, block_under_way const& of)
{
    for (seen_thread const& t : threads) {
        auto const* const known = first_with(of.known, &loop_thread::number, t.stack.thread);
        bool const has_baseline = known != nullptr && !of.baseline.empty();
        thread_counters const at_send =
            has_baseline ? of.baseline[static_cast<std::size_t>(known - of.known.data())] : thread_counters{};
        std::string const name = thread_name(t.stack.thread);
        if (!to.add(reserve, [&] { fields(to, t, at_send, name); })) break;
    }
    to.flag(false);
}

/// Those of a sample.
inline void write(byte_writer& to, view<seen_thread const> threads)
{
    constexpr std::size_t ends = 2;  // this list's, and that of the samples
    for (seen_thread const& t : threads)
        if (!to.add(ends, [&] { fields(to, t); })) break;
    to.flag(false);
}

/// All that is known of it.
inline void write(byte_writer& to, block_under_way const& block)
{
    to.u64(reinterpret_cast<std::uintptr_t>(block.whose));
    block_written const when{block.length.at_most - block.length.at_least, block.now, since_1970(wall_clock::now())};
    fields(to, block, block, when, *block.before, *block.at_deadline);
    write(to, block.handler);
    to.flag(block.first->has_holder);
    if (block.first->has_holder) fields(to, block.first->holder);
    constexpr std::size_t for_later = 4096;
    write(to, block.first->of_loop(), for_later, block);
    write(to, block.first->others(), for_later - 8, block);
    // Where there is no room for all samples, the later ones.
    for (std::size_t i = block.later.size(); i-- > 0;)
        if (!to.add(1, [&] { write(to, block.later[i]); })) break;
    to.flag(false);
}

/// A block under way as it was read.
struct recorded_block_under_way : block_written {
    std::uint64_t whose{0};
    std::string loop;
    bool on_strand{false};
    bool first_taken{false};
    std::string handler_type;  // as the compiler has it
    raw_block raw;
};

inline void read(byte_reader& from, moment& to)
{
    while (from.ok() && from.flag()) fields(from, to.emplace_back());
}
inline void read(byte_reader& from, moment& to, many<thread_life>& lives)
{
    while (from.ok() && from.flag()) {
        seen_thread& t = to.emplace_back();
        thread_life& life = lives.emplace_back();
        fields(from, t, life.from, life.name);
        life.since_seen = !life.from.known;
        if (life.since_seen) life.from = t.reading.counters;
        life.to = t.reading.counters;
    }
}

/// False: it makes no sense, or says nothing of any thread.
inline bool read(byte_reader& from, recorded_block_under_way& to)
{
    raw_block& raw = to.raw;
    to.whose = from.u64();
    fields(from, to, raw, to, raw.before, raw.at_deadline);
    fields(from, raw.handler, to.handler_type);
    if (from.flag()) fields(from, raw.holder.emplace());
    read(from, raw.first, raw.lives);
    read(from, raw.others, raw.other_lives);
    while (from.ok() && from.flag()) read(from, raw.later.emplace_back());
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
