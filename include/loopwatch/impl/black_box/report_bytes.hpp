// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../../handler_info.hpp"
#include "../base/many.hpp"
#include "bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

// A report as bytes. A frame is written once, however many of the report's stacks it is in.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The frames of one report, by numbers.
class frame_numbers {
public:
    [[nodiscard]] std::uint16_t of(frame const& f)
    {
        for (std::size_t i = 0; i < all_.size(); ++i)
            if (all_[i] == &f || *all_[i] == f) return static_cast<std::uint16_t>(i);
        all_.push_back(&f);
        return static_cast<std::uint16_t>(all_.size() - 1);
    }
    [[nodiscard]] many<frame const*> const& all() const { return all_; }

private:
    many<frame const*> all_;
};

template <typename Bytes>
void fields(Bytes& io, field<Bytes, frame>& f)
{
    io.u64(f.address);
    io.text(f.function, 2048);
    io.text(f.file, 1024);
    io.u32(f.line);
    io.text(f.module, 1024);
    io.u64(f.module_offset);
    for (auto* const each : {&f.inlined, &f.coroutine, &f.outside}) io.flag(*each);
    io.one_of(f.origin, code_origin::library);
}

/// `stack` writes a stack, or reads it.
template <typename Bytes, typename Stack>
void fields(Bytes& io, field<Bytes, other_thread>& t, Stack const& stack)
{
    io.i64(t.thread_id);
    io.text(t.thread_name);
    io.text(t.stack_missing);
    io.one_of(t.stack_quality, stack_quality::none);
    stack(t.stack);
}

template <typename Bytes, typename Stack>
void fields(Bytes& io, field<Bytes, block_sample>& s, Stack const& stack)
{
    io.length(s.after);
    io.text(s.doing);
    io.one_of(s.stack_quality, stack_quality::none);
    stack(s.stack);
}

template <typename Bytes>
void fields(Bytes& io, field<Bytes, handler_info>& h)
{
    for (auto* const each : {&h.operation, &h.completion_handler, &h.object_type, &h.peer, &h.file}) io.text(*each);
    io.u64(h.object);
    io.i64(h.native_handle);
    io.u32(h.line);
    io.length(h.started);
    io.length(h.queued);
}

template <typename Bytes>
void fields(Bytes& io, field<Bytes, handler_count>& c)
{
    io.text(c.completion_handler);
    io.u64(c.count);
}

/// A report but for its samples.
template <typename Bytes, typename Stack>
void fields(Bytes& io, field<Bytes, block_report>& r, Stack const& stack)
{
    io.u64(r.number);
    io.text(r.loop);
    io.i64(r.thread_id);
    io.text(r.thread_name);
    io.wall(r.began_at);
    for (auto* const each : {&r.duration, &r.duration_max, &r.own_duration, &r.threshold}) io.length(*each);
    io.flag(r.ended);
    io.flag(r.known);
    io.one_of(r.cause, cause::self_deadlock);
    for (auto* const each : {&r.evidence, &r.excuse, &r.fix, &r.stack_missing}) io.text(*each);
    io.one_of(r.stack_quality, stack_quality::none);
    stack(r.stack);
    stack(r.awaited_by);
    // NOLINTNEXTLINE(misc-const-correctness): a reader changes it
    bool is_held = r.held_by.has_value();
    io.flag(is_held);
    if constexpr (Bytes::reads)
        if (is_held) r.held_by.emplace();
    if (r.held_by) fields(io, *r.held_by, stack);
    fields(io, r.handler);
    // NOLINTNEXTLINE(misc-const-correctness): a reader changes it
    std::size_t run = r.handlers_run.size();
    io.count(run, 10);
    if constexpr (Bytes::reads) r.handlers_run.resize(run);
    for (auto& each : r.handlers_run) fields(io, each);
}

/// Without its samples, if `brief`.
inline void write(byte_writer& to, block_report const& r, bool brief)
{
    frame_numbers frames;
    auto const note = [&](std::vector<frame> const& stack) {
        for (frame const& f : stack) static_cast<void>(frames.of(f));
    };
    note(r.stack);
    note(r.awaited_by);
    if (r.held_by) note(r.held_by->stack);
    if (!brief)
        for (block_sample const& s : r.samples) note(s.stack);
    to.u16(frames.all().size());
    for (frame const* const f : frames.all()) fields(to, *f);

    auto const stack = [&](std::vector<frame> const& its) {
        to.u16(its.size());
        for (frame const& f : its) to.u16(frames.of(f));
    };
    fields(to, r, stack);
    to.u16(brief ? 0 : r.samples.size());
    if (brief) return;
    for (block_sample const& s : r.samples) fields(to, s, stack);
}

/// False: it makes no sense.
inline bool read(byte_reader& from, block_report& r)
{
    std::vector<frame> frames(from.count(30));
    for (frame& f : frames) fields(from, f);

    bool known = true;
    std::size_t left =
        std::size_t{1} << 16;  // frames of all stacks: what is read may not take a thousand times its size
    auto const stack = [&](std::vector<frame>& its) {
        for (std::size_t n = from.count(2); n > 0; --n) {
            std::size_t const which = from.u16();
            known = known && which < frames.size() && left-- > 0;
            if (known) its.push_back(frames[which]);
        }
    };
    fields(from, r, stack);
    for (std::size_t n = from.count(13); n > 0; --n) fields(from, r.samples.emplace_back(), stack);
    return from.ok() && known;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
