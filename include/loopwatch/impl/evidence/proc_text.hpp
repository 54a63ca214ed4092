// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/fixed.hpp"
#include "reading.hpp"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

// Parsers for the files of /proc and of cgroups (proc(5), cgroups(7)). Pure: no file, no allocation, no locale.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Splits a text into words, one after the other.
class words {
public:
    explicit constexpr words(std::string_view text) : rest_{text} {}

    /// "" at the end.
    constexpr std::string_view next()
    {
        std::size_t const begin = rest_.find_first_not_of(" \t\n");
        if (begin == rest_.npos) {
            rest_ = {};
            return {};
        }
        rest_.remove_prefix(begin);
        std::string_view const word = rest_.substr(0, rest_.find_first_of(" \t\n"));
        rest_.remove_prefix(word.size());
        return word;
    }

    /// The next word as a number. False if it is not entirely one.
    template <typename Number>
    bool next(Number& to)
    {
        std::string_view word = next();
        int base = 10;
        if (word.starts_with("0x")) {
            word.remove_prefix(2);
            base = 16;
        }
        auto const [end, error] = std::from_chars(word.data(), word.data() + word.size(), to, base);
        return error == std::errc{} && end == word.data() + word.size();
    }

    constexpr void skip(int count)
    {
        for (int i = 0; i < count; ++i) next();
    }

private:
    std::string_view rest_;
};

/// Moves the first line of `text` to `line`. False at the end of the text.
constexpr bool next_line(std::string_view& text, std::string_view& line)
{
    if (text.empty()) return false;
    std::size_t const end = text.find('\n');
    line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    return true;
}

/// The number after this label at the beginning of a line: "Threads:", "throttled_usec".
inline maybe<std::uint64_t> number_after(std::string_view text, std::string_view label)
{
    std::string_view line;
    while (next_line(text, line)) {
        words in{line};
        std::uint64_t number = 0;
        if (in.next() == label && in.next(number)) return number;
    }
    return nothing;
}

/// /proc/PID/task/TID/schedstat: "ns on CPU, ns waiting for one, timeslices". All are zero if the kernel was built
/// without schedstats, which they can't be for a thread that has run: then the counters are not known.
inline thread_counters parse_schedstat(std::string_view text)
{
    thread_counters c;
    words in{text};
    std::int64_t on_cpu = 0;
    std::int64_t run_delay = 0;
    if (!in.next(on_cpu) || !in.next(run_delay) || !in.next(c.slices) || c.slices == 0) return {};
    c.on_cpu = nanoseconds{on_cpu};
    c.run_delay = nanoseconds{run_delay};
    c.known = true;
    return c;
}

/// The system call, or page fault, in which a thread sleeps.
struct kernel_sleep {
    long call{call_reading::none};  // the number of the system call; none: a page fault
    fixed<std::uint64_t, 6> arguments{};
    std::uintptr_t sp{0};
    std::uintptr_t pc{0};
    friend bool operator==(kernel_sleep const&, kernel_sleep const&) = default;
};

enum class seen_in_kernel : std::uint8_t { running, sleeping, unreadable };

/// /proc/PID/task/TID/syscall: "running", or number, six arguments, SP and PC; for a page fault -1, SP and PC.
inline seen_in_kernel parse_syscall(std::string_view text, kernel_sleep& to)
{
    if (text.starts_with("running")) return seen_in_kernel::running;
    to = {};
    words in{text};
    if (!in.next(to.call)) return seen_in_kernel::unreadable;
    if (to.call >= 0)
        for (std::uint64_t& argument : to.arguments)
            if (!in.next(argument)) return seen_in_kernel::unreadable;
    if (!in.next(to.sp) || !in.next(to.pc) || to.sp == 0) return seen_in_kernel::unreadable;
    return seen_in_kernel::sleeping;
}

/// /proc/PID/task/TID/stat from its third field on. The second is the thread's name in parentheses, which may contain
/// anything, even ") R".
inline words fields_of_stat(std::string_view text)
{
    std::size_t const name_end = text.rfind(')');
    return words{name_end == text.npos ? std::string_view{} : text.substr(name_end + 1)};
}

/// The third field: 'R' if the thread runs or waits for a CPU, 'S', 'D' and others if it sleeps; 0 if there is none.
inline char next_state(words& in)
{
    std::string_view const state = in.next();
    return state.size() == 1 ? state[0] : '\0';
}

/// State, major faults and disk waits from /proc/PID/task/TID/stat. `tick`: the length of one of its clock ticks.
inline void parse_stat(std::string_view text, nanoseconds tick, thread_reading& to)
{
    words in = fields_of_stat(text);
    to.state = next_state(in);
    if (to.state == '\0') return;
    in.skip(8);
    std::uint64_t faults = 0;  // field 12
    if (!in.next(faults)) return;
    in.skip(29);
    std::int64_t ticks = 0;  // field 42
    if (!in.next(ticks)) return;
    to.has_faults = true;
    to.major_faults = faults;
    to.block_io_delay = ticks * tick;
}

/// /proc/PID/task/TID/wchan: "" for "0", which means that the thread does not sleep, or that the kernel hides where.
inline std::string_view parse_wchan(std::string_view text)
{
    std::string_view const word = words{text}.next();
    return word == "0" ? std::string_view{} : word;
}

/// /proc/loadavg: how many threads of the machine are runnable. "0.20 0.18 0.12 1/80 11206"
inline unsigned parse_runnable(std::string_view text)
{
    words in{text};
    in.skip(3);
    std::string_view const word = in.next();
    std::string_view const number = word.substr(0, word.find('/'));
    unsigned runnable = 0;
    if (number.size() == word.size()) return 0;
    auto const [end, error] = std::from_chars(number.data(), number.data() + number.size(), runnable);
    return error == std::errc{} && end == number.data() + number.size() ? runnable : 0;
}

/// /proc/PID/cgroup: the path in the cgroup v1 hierarchy of this controller; if the controller is "", the path in
/// cgroup v2, which has one hierarchy for all controllers.
inline maybe<std::string_view> parse_cgroup(std::string_view text, std::string_view controller)
{
    std::string_view line;
    while (next_line(text, line)) {  // "4:cpu,cpuacct:/user.slice", "0::/user.slice"
        std::size_t const first = line.find(':');
        std::size_t const second = first == line.npos ? line.npos : line.find(':', first + 1);
        if (second == line.npos) continue;
        std::string_view names = line.substr(first + 1, second - first - 1);
        std::string_view const path = line.substr(second + 1);
        if (controller.empty()) {
            if (names.empty() && line.substr(0, first) == "0") return path;
            continue;
        }
        while (!names.empty()) {
            std::size_t const comma = names.find(',');
            if (names.substr(0, comma) == controller) return path;
            names.remove_prefix(comma == names.npos ? names.size() : comma + 1);
        }
    }
    return nothing;
}

/// cpu.stat of a cgroup: for how long it was throttled, summed over all CPUs. The root cgroup has no such line.
inline maybe<nanoseconds> parse_throttling(std::string_view text)
{
    if (auto const us = number_after(text, "throttled_usec"))  // version 2
        return nanoseconds{1000 * static_cast<std::int64_t>(*us)};
    if (auto const ns = number_after(text, "throttled_time"))  // version 1
        return nanoseconds{static_cast<std::int64_t>(*ns)};
    return nothing;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
