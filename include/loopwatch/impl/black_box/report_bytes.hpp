// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "bytes.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
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

inline void write(byte_writer& to, frame const& f)
{
    to.u64(f.address);
    to.text(f.function, 2048);
    to.text(f.file, 1024);
    to.u32(f.line);
    to.text(f.module, 1024);
    to.u64(f.module_offset);
    for (bool const each : {f.inlined, f.coroutine, f.outside}) to.flag(each);
    to.u8(static_cast<std::uint8_t>(f.origin));
}
inline void read(byte_reader& from, frame& f)
{
    f.address = static_cast<std::uintptr_t>(from.u64());
    f.function = from.text();
    f.file = from.text();
    f.line = from.u32();
    f.module = from.text();
    f.module_offset = static_cast<std::uintptr_t>(from.u64());
    for (bool* const each : {&f.inlined, &f.coroutine, &f.outside}) *each = from.flag();
    f.origin = from.one_of(code_origin::library);
}

/// Without its samples but for their number, if `brief`.
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
    to.u16(static_cast<std::uint16_t>(frames.all().size()));
    for (frame const* const f : frames.all()) write(to, *f);

    auto const stack = [&](std::vector<frame> const& its) {
        to.u16(static_cast<std::uint16_t>(its.size()));
        for (frame const& f : its) to.u16(frames.of(f));
    };
    to.u64(r.number);
    to.text(r.loop);
    to.i64(r.thread_id);
    to.text(r.thread_name);
    to.since_epoch(std::chrono::duration_cast<nanoseconds>(r.began_at.time_since_epoch()));
    for (nanoseconds const each : {r.duration, r.duration_max, r.own_duration, r.threshold}) to.length(each);
    to.flag(r.ended);
    to.flag(r.known);
    to.u8(static_cast<std::uint8_t>(r.cause));
    for (std::string const* const each : {&r.evidence, &r.excuse, &r.fix, &r.stack_missing}) to.text(*each);
    to.u8(static_cast<std::uint8_t>(r.stack_quality));
    stack(r.stack);
    stack(r.awaited_by);
    to.flag(r.held_by.has_value());
    if (r.held_by) {
        to.i64(r.held_by->thread_id);
        to.text(r.held_by->thread_name);
        to.text(r.held_by->stack_missing);
        to.u8(static_cast<std::uint8_t>(r.held_by->stack_quality));
        stack(r.held_by->stack);
    }
    to.u16(brief ? std::uint16_t{0} : static_cast<std::uint16_t>(r.samples.size()));
    if (brief) return;
    for (block_sample const& s : r.samples) {
        to.length(s.after);
        to.text(s.doing);
        to.u8(static_cast<std::uint8_t>(s.stack_quality));
        stack(s.stack);
    }
}

/// False: it makes no sense.
inline bool read(byte_reader& from, block_report& r)
{
    std::vector<frame> frames(from.count(30));
    for (frame& f : frames) read(from, f);

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
    r.number = from.u64();
    r.loop = from.text();
    r.thread_id = from.i64();
    r.thread_name = from.text();
    using system_duration = std::chrono::system_clock::duration;
    r.began_at = std::chrono::system_clock::time_point{std::chrono::duration_cast<system_duration>(from.since_epoch())};
    for (nanoseconds* const each : {&r.duration, &r.duration_max, &r.own_duration, &r.threshold}) *each = from.length();
    r.ended = from.flag();
    r.known = from.flag();
    r.cause = from.one_of(cause::self_deadlock);
    for (std::string* const each : {&r.evidence, &r.excuse, &r.fix, &r.stack_missing}) *each = from.text();
    r.stack_quality = from.one_of(stack_quality::none);
    stack(r.stack);
    stack(r.awaited_by);
    if (from.flag()) {
        other_thread& holder = r.held_by.emplace();
        holder.thread_id = from.i64();
        holder.thread_name = from.text();
        holder.stack_missing = from.text();
        holder.stack_quality = from.one_of(stack_quality::none);
        stack(holder.stack);
    }
    for (std::size_t n = from.count(13); n > 0; --n) {
        block_sample& s = r.samples.emplace_back();
        s.after = from.length();
        s.doing = from.text();
        s.stack_quality = from.one_of(stack_quality::none);
        stack(s.stack);
    }
    return from.ok() && known;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
