// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../block_report.hpp"
#include "algorithm.hpp"
#include "code_origin.hpp"
#include "config.hpp"
#include "duration_text.hpp"
#include "sample_shares.hpp"

#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

template <typename... Args>
void put(std::string& to, fmt::format_string<Args...> format, Args&&... args)
{
    to += fmt::format(format, std::forward<Args>(args)...);
}

inline std::string source_of(frame const& f)
{
    if (f.file.empty()) return {};
    return f.line == 0 ? std::string{base_name(f.file)} : fmt::format("{}:{}", base_name(f.file), f.line);
}

/// What to call a frame: its function, else where it is in its module, for addr2line.
inline std::string name_of(frame const& f)
{
    if (!f.function.empty()) return f.function;
    if (!f.module.empty()) return fmt::format("{}+{:#x}", base_name(f.module), f.module_offset);
    return fmt::format("{:#x}", f.address);
}

inline void put_frame(std::string& to, std::string const& label, std::string const& name, frame const& f)
{
    std::string const source = source_of(f);
    std::string_view const mark = f.coroutine ? "   coroutine" : "";
    if (source.empty())
        put(to, "    {}{}{}\n", label, name, mark);
    else
        put(to, "    {}{:<56} {}{}\n", label, name, source, mark);
}

/// "asio", "std" or "boost" for a frame that is folded, else "".
inline std::string_view foldable(frame const& f)
{
    switch (origin_of(f)) {
        case code_origin::asio: return "asio";
        case code_origin::std: return "std";
        case code_origin::boost: return "boost";
        default: return "";
    }
}

/// How many frames at the outer end only start the program, its thread, or its tests.
inline std::size_t starting_frames(std::span<frame const> stack)
{
    std::size_t n = 0;
    while (n < stack.size()) {
        frame const& f = stack[stack.size() - n - 1];
        // A test framework's own main function, whose file is not always known.
        if (f.function == "main" && n + 1 < stack.size() && is_test_framework(stack[stack.size() - n - 2].function)) {
            ++n;
            continue;
        }
        auto const origin = origin_of(f);
        if (origin != code_origin::system && origin != code_origin::std) break;
        ++n;
    }
    return n;
}

/// Runs of two and more frames inside asio, std and boost become one line; the others keep their numbers.
inline void put_stack(std::string& to, std::span<frame const> stack, bool all_frames)
{
    std::size_t const start = starting_frames(stack);
    if (!all_frames && start < stack.size()) stack = stack.first(stack.size() - start);
    for (std::size_t i = 0; i < stack.size();) {
        std::size_t end = i;
        std::array<std::string_view, 3> names{};
        std::size_t known = 0;
        while (!all_frames && end < stack.size() && !foldable(stack[end]).empty()) {
            auto const name = foldable(stack[end++]);
            bool fresh = true;
            for (std::size_t n = 0; n < known; ++n) fresh = fresh && names[n] != name;
            if (fresh) names[known++] = name;
        }
        if (end - i >= 2) {
            put(to, "    ... {} frames in {}", end - i, names[0]);
            for (std::size_t n = 1; n < known; ++n) put(to, ", {}", names[n]);
            to += '\n';
            i = end;
        } else {
            // Of a library's function the bare name says all; spelt out, some take lines.
            bool const brief = !all_frames && !foldable(stack[i]).empty() && !stack[i].function.empty();
            std::string const name = brief ? without_arguments(qualified_name(stack[i].function)) : name_of(stack[i]);
            put_frame(to, fmt::format("#{:<3} ", i), name, stack[i]);
            ++i;
        }
    }
}

/// The innermost frame of the user's own code, if its module says nothing of files and lines.
inline frame const* user_frame_without_file(std::span<frame const> stack)
{
    frame const* const innermost = first_of(stack, [](frame const& f) { return origin_of(f) == code_origin::user; });
    return innermost != nullptr && innermost->file.empty() && !innermost->module.empty() ? innermost : nullptr;
}

/// "153.2 ms", and what of it the code answers for where that is clearly less.
inline std::string length_text(block_report const& r)
{
    std::string text = duration_text(r.duration);
    bool const known = r.own_duration > std::chrono::nanoseconds{0} || !r.excuse.empty();
    if (known && r.own_duration * 20 < r.duration * 19)
        text += fmt::format(", {} of it its own", duration_text(r.own_duration));
    return text;
}

/// "blocking call: recvfrom(fd 9: tcp 127.0.0.1:5000)".
inline std::string why_text(block_report const& r)
{
    std::string why{to_string(r.cause)};
    for (char& c : why)
        if (c == '_') c = ' ';
    return r.evidence.empty() ? why : fmt::format("{}: {}", why, r.evidence);
}

inline void put_head(std::string& to, block_report const& r)
{
    std::string const name = r.loop.empty() ? std::string{} : fmt::format(" on \"{}\"", r.loop);
    if (r.excuse.empty())
        put(to, "loop blocked: block {}{} for {} (threshold {}){}\n", r.number, name, length_text(r),
            duration_text(r.threshold), r.ended ? "" : ", and still blocked");
    else
        put(to, "loop delayed{} for {} (threshold {}), and not blamed: {}\n", name, length_text(r),
            duration_text(r.threshold), r.excuse);
}

/// Where the time went: one slow call and a loop over many short ones look different.
inline void put_samples(std::string& to, std::span<block_sample const> samples)
{
    if (samples.size() < 2) return;  // the one is the stack
    sample_shares const shares = shares_of(samples);
    if (shares.below.empty()) return;
    put(to, "  samples  {} from {} to {}", samples.size(), duration_text(samples.front().after),
        duration_text(samples.back().after));
    if (shares.common != nullptr) put(to, ", all in {}", name_of(*shares.common));
    put(to, "\n");
    if (shares.below.size() == 1 && shares.below.front().function == nullptr) return;
    for (sample_share const& s : shares.below) {
        auto const label =
            fmt::format("{:>3}%  ", shares.all.count() > 0 ? s.time.count() * 100 / shares.all.count() : 0);
        if (s.function == nullptr)
            put(to, "    {}there itself, {}\n", label, s.doing);
        else
            put_frame(to, label, name_of(*s.function), *s.function);
    }
}

inline void put_holder(std::string& to, other_thread const& t, bool all_frames)
{
    put(to, "  held by  (thread {}{}, most recent call first)\n", t.thread_id,
        t.thread_name.empty() ? std::string{} : fmt::format(" \"{}\"", t.thread_name));
    if (t.stack.empty()) put(to, "    none: {}\n", t.stack_missing);
    put_stack(to, t.stack, all_frames);
}

inline void put_report(std::string& to, block_report const& r, bool all_frames)
{
    put_head(to, r);

    put(to, "  why      {}\n", why_text(r));

    if (frame const* const culprit = r.culprit()) {
        std::string const source = source_of(*culprit);
        put(to, "  culprit  {}{}{}\n", name_of(*culprit), source.empty() ? "" : " at ", source);
    }

    std::string thread = fmt::format("thread {}", r.thread_id);
    if (!r.thread_name.empty()) thread += fmt::format(" \"{}\"", r.thread_name);
    if (r.stack.empty()) {
        put(to, "  stack    none ({}): {}\n", thread, r.stack_missing);
    } else {
        put(to, "  stack    ({}, most recent call first)\n", thread);
        put_stack(to, r.stack, all_frames);
        if (!r.stack_missing.empty()) put(to, "    ({}: {})\n", to_string(r.stack_quality), r.stack_missing);
    }

    if (!r.awaited_by.empty()) {
        put(to, "  awaited by\n");
        for (frame const& f : r.awaited_by) put_frame(to, "", name_of(f), f);
    }
    if (r.held_by) put_holder(to, *r.held_by, all_frames);
    put_samples(to, r.samples);
    if (frame const* const f = user_frame_without_file(r.stack))
        put(to,
            "  note     for files and lines compile with -g, or ask an unstripped copy: addr2line -f -C -i -e {} "
            "{:#x}\n",
            f->module, f->module_offset);
    if (!r.fix.empty()) put(to, "  fix      {}\n", r.fix);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
