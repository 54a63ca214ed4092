// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/duration_text.hpp"
#include "../base/fixed.hpp"
#include "../base/formatted.hpp"
#include "../base/printable.hpp"
#include "../base/template_arguments.hpp"
#include "../base/view.hpp"
#include "../symbolize/code_origin.hpp"
#include "sample_shares.hpp"
#include "text/handler_line.hpp"
#include "text/layout.hpp"
#include "text/line_breaks.hpp"
#include "text/page.hpp"
#include "text/stack_rows.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The name of a frame: its function, else module and offset, as addr2line takes them.
inline std::string name_of(frame const& f)
{
    if (!f.function.empty()) return f.function;
    if (!f.module.empty()) return formatted("{}+{:#x}", {base_name(f.module), f.module_offset});
    return formatted("{:#x}", {f.address});
}

/// The name of a frame as shown in a stack. Library functions are shown without arguments: their full names can take
/// several lines.
inline std::string shown_name(frame const& f, bool all_frames)
{
    bool const brief = !all_frames && origin_of(f) != code_origin::user && !f.function.empty();
    return brief ? without_arguments(qualified_name(f.function)) : name_of(f);
}

inline std::string_view mark_of(frame const& f) { return f.coroutine ? "   coroutine" : ""; }

/// How many columns a frame's place and its mark take.
inline std::size_t tail_columns(frame const& f) { return columns_of(source_of(f)) + columns_of(mark_of(f)); }

/// How many columns names may take, so that places are aligned, and as many as possible are on their function's line.
/// `longest`: the largest tail_columns().
inline std::size_t name_columns(page const& to, std::size_t longest)
{
    constexpr std::size_t around = 4 + 5 + 1;  // the indent, a number, a blank
    constexpr std::size_t most = 28;           // one long file name must not narrow all names
    std::size_t const taken = around + std::min(longest, most);
    return std::clamp<std::size_t>(to.how().width - std::min(to.how().width, taken), 24, 56);
}

inline void put_frame(page& to, std::string_view label, frame const& f, std::size_t names, ink colour)
{
    to.put("    ");
    to.put(label, colour == ink::culprit ? ink::plain : colour);
    std::size_t const indent = 4 + columns_of(label);
    to.put_function(indent, shown_name(f, to.how().all_frames), f, indent + names, " ", mark_of(f), colour);
}

inline ink ink_of(frame const& f) { return origin_of(f) == code_origin::user ? ink::plain : ink::library; }

/// "18 frames in std, asio": the libraries in the order of the frames.
inline std::string folded_text(view<frame const> run)
{
    fixed<std::string_view, 5> names{};
    std::size_t known = 0;
    for (frame const& f : run)
        if (auto const name = library_of(f); known < names.size() && !contains(names, name)) names[known++] = name;
    std::string text = formatted("{} frames in {}", {run.size(), names[0]});
    for (std::size_t i = 1; i < known; ++i) (text += ", ") += i + 1 < names.size() ? names[i] : "...";
    return text;
}

inline void put_stack(page& to, view<frame const> stack, std::size_t culprit)
{
    auto const rows = rows_of(stack, culprit, to.how().all_frames);
    std::size_t longest = 0;
    for (stack_row const& row : rows)
        if (row.end - row.begin == 1) longest = std::max(longest, tail_columns(stack[row.begin]));
    std::size_t const names = name_columns(to, longest);
    for (stack_row const& row : rows) {
        if (row.end - row.begin == 1) {
            put_frame(to, formatted("#{:<3} ", {row.begin}), stack[row.begin], names,
                      row.begin == culprit ? ink::culprit : ink_of(stack[row.begin]));
        } else {
            to.put_line("    ... ", folded_text(stack.subspan(row.begin, row.end - row.begin)), ink::library);
        }
    }
}

/// The innermost frame of the user's own code, if its file is unknown and its module is known; else null.
inline frame const* user_frame_without_file(view<frame const> stack)
{
    frame const* const innermost = first_of(stack, [](frame const& f) { return origin_of(f) == code_origin::user; });
    return innermost != nullptr && innermost->file.empty() && !innermost->module.empty() ? innermost : nullptr;
}

/// The duration, "153.2 ms"; with own_duration if that is less by more than 5%.
inline std::string length_text(block_report const& r)
{
    std::string text = duration_text(r.duration);
    bool const known = r.own_duration > std::chrono::nanoseconds{0} || !r.excuse.empty();
    if (known && r.own_duration * 20 < r.duration * 19)
        text += formatted(", {} of it its own", {duration_text(r.own_duration)});
    return text;
}

/// The cause's name in words: "blocking call".
inline std::string name_in_prose(cause why)
{
    std::string name{to_string(why)};
    for (char& c : name)
        if (c == '_') c = ' ';
    return name;
}

/// The cause and the evidence: "blocking call: recvfrom(fd 9: tcp 127.0.0.1:5000)".
inline std::string why_text(block_report const& r)
{
    std::string const why = name_in_prose(r.cause);
    return r.evidence.empty() ? why : formatted("{}: {}", {why, r.evidence});
}

inline void put_head(page& to, block_report const& r)
{
    std::string_view const what = r.excuse.empty() ? "loop blocked" : "loop delayed";
    std::string text = r.excuse.empty() ? formatted(": block {}", {r.number}) : "";
    if (!r.loop.empty()) text += formatted(" on \"{}\"", {printable(r.loop)});
    text += formatted(" for {} (threshold {})", {length_text(r), duration_text(r.threshold)});
    if (!r.excuse.empty())
        text += ", and not blamed: " + r.excuse;
    else if (!r.ended)
        text += ", and still blocked";
    to.put(what, r.excuse.empty() ? ink::blamed : ink::excused);
    to.put_broken(text, what.size(), text_kind::prose);
    to.put("\n");
}

/// Writes where the time went: this tells one slow call from a loop over many short ones.
inline void put_samples(page& to, view<block_sample const> samples)
{
    if (samples.size() < 2) return;  // a single sample is the shown stack
    sample_shares const shares = shares_of(samples);
    if (shares.below.empty()) return;
    std::string const text = formatted("{} from {} to {}", {samples.size(), duration_text(samples[0].after),
                                                            duration_text(samples[samples.size() - 1].after)});
    constexpr std::string_view label = "  samples  ";
    if (shares.common == nullptr) {
        to.put_line(label, text);
    } else {
        to.put_sentence(label, text + ", all in", name_of(*shares.common));
    }
    if (shares.below.size() == 1 && shares.below[0].function == nullptr) return;
    std::size_t longest = 0;
    for (sample_share const& s : shares.below)
        if (s.function != nullptr) longest = std::max(longest, tail_columns(*s.function));
    std::size_t const names = name_columns(to, longest);
    for (sample_share const& s : shares.below) {
        auto const part =
            formatted("{:>3}%  ", {shares.all.count() > 0 ? s.time.count() * 100 / shares.all.count() : 0});
        if (s.function == nullptr)
            to.put_line("    " + part, formatted("there itself, {}", {s.doing}));
        else
            put_frame(to, part, *s.function, names, ink::plain);
    }
}

inline void put_holder(page& to, other_thread const& t)
{
    to.put_line(
        "  held by  ",
        formatted("(thread {}{}, most recent call first)",
                  {t.thread_id, t.thread_name.empty() ? "" : formatted(" \"{}\"", {printable(t.thread_name)})}));
    if (t.stack.empty()) to.put_line("    none: ", t.stack_missing);
    put_stack(to, t.stack, innermost_of_user(t.stack));
}

inline void put_report(page& to, block_report const& r)
{
    put_head(to, r);
    to.put_line("  why      ", why_text(r));

    frame const* const culprit = r.culprit();
    if (culprit != nullptr) {
        constexpr std::string_view label = "  culprit  ";
        to.put(label);
        to.put_function(label.size(), name_of(*culprit), *culprit, 0, " at ", "", ink::culprit);
    }

    if (std::string const handler = handler_text(r.handler, to.how().all_frames); !handler.empty())
        to.put_line("  handler  ", handler);

    std::string thread = formatted("thread {}", {r.thread_id});
    if (!r.thread_name.empty()) thread += formatted(" \"{}\"", {printable(r.thread_name)});
    if (r.stack.empty()) {
        to.put_line("  stack    ", formatted("none ({}): {}", {thread, r.stack_missing}));
    } else {
        to.put_line("  stack    ", formatted("({}, most recent call first)", {thread}));
        put_stack(to, r.stack,
                  culprit != nullptr ? static_cast<std::size_t>(culprit - r.stack.data()) : innermost_of_user(r.stack));
        if (!r.stack_missing.empty())
            to.put_line("    ", formatted("({}: {})", {to_string(r.stack_quality), r.stack_missing}));
    }

    if (!r.awaited_by.empty()) {
        to.put("  awaited by\n");
        std::size_t longest = 0;
        for (frame const& f : r.awaited_by) longest = std::max(longest, tail_columns(f));
        for (frame const& f : r.awaited_by) put_frame(to, "", f, name_columns(to, longest), ink_of(f));
    }
    if (r.held_by) put_holder(to, *r.held_by);
    put_samples(to, r.samples);
    if (frame const* const f = user_frame_without_file(r.stack))
        to.put_line("  note     ", formatted("for files and lines compile with -g, or ask an unstripped copy: "
                                             "addr2line -f -C -i -e {} {:#x}",
                                             {f->module, f->module_offset}));
    if (!r.fix.empty()) to.put_line("  fix      ", r.fix, ink::advice);
}

/// The report as text. Throws: std::bad_alloc.
inline std::string text_of(block_report const& r, text_layout const& how)
{
    page to{how};
    put_report(to, r);
    return std::move(to).take();
}

/// Several reports as text, and how many more could not be kept.
inline std::string text_of(view<block_report const> blocks, std::uint64_t not_kept, text_layout const& how)
{
    std::string all;
    for (block_report const& each : blocks) all += text_of(each, how);
    if (not_kept > 0) all += formatted("and {} more that could not be kept\n", {not_kept});
    return all;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
