// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "code_path.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Counts events of the last minute, in steps of a second. Never too few: the second in which that minute began counts
/// whole.
class last_minute {
public:
    [[nodiscard]] std::uint64_t count(time_point now) const
    {
        std::uint64_t sum = 0;
        for (step const& each : steps_)
            if (each.second + 60 >= second_of(now)) sum += each.events;
        return sum;
    }
    void add(time_point now)
    {
        auto const second = second_of(now);
        step& here = steps_[static_cast<std::size_t>(second) % steps_.size()];
        if (here.second != second) here = {second, 0};
        ++here.events;
    }

private:
    struct step {
        std::int64_t second{-100};
        std::uint64_t events{0};
    };

    static std::int64_t second_of(time_point now)
    {
        return std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    }

    fixed<step, 61> steps_{};
};

/// How much is told in a minute, and of a code path.
struct telling_limits {
    std::uint64_t full{};          // within a minute
    std::uint64_t lines{};         // within a minute
    nanoseconds first_interval{};  // between the first two lines about a code path
};

/// Decides how much logs are told of each block. Pure: no clock.
///
/// A code path is told in full once, then in lines at intervals that double. Half of what may be told in full is for
/// those that were not told yet; the other half may go to blocks that are more than twice as long as any of their code
/// path that was told in full. A block that lasts is told in full once whatever was told of its code path: as soon as
/// there is room, or the log of a loop that never answers again would not have its stack.
class telling_rate {
public:
    static constexpr nanoseconds longest_interval = std::chrono::hours{1};

    /// A block that is over. `told`: the most that was told of it while it lasted, so its end is told, too. One that
    /// nobody is to blame for is never told in full.
    [[nodiscard]] telling of_block(telling_limits const& limits, code_path& path, nanoseconds duration, telling told,
                                   time_point now)
    {
        note_seen(path.told, now);
        if (is_owed_in_full(path, told) && may_be_full(limits, path.told, duration, now))
            return tell_in_full(limits, path.told, duration, now);
        if (told != telling::counted || is_line_due(path.told, now)) return tell_line(limits, path.told, now);
        return telling::counted;
    }

    /// One that lasts. One notice of it is in full, the first for which there is room; the others are lines.
    [[nodiscard]] telling of_progress(telling_limits const& limits, code_path& path, nanoseconds duration, telling told,
                                      time_point now)
    {
        note_seen(path.told, now);
        if (is_owed_in_full(path, told) && full_.count(now) < limits.full)
            return tell_in_full(limits, path.told, duration, now);
        return tell_line(limits, path.told, now);
    }

private:
    /// After a quiet time it is told as at first.
    static void note_seen(told_of_path& told, time_point now)
    {
        if (now - told.seen_at >= longest_interval) told.interval = nanoseconds{0};
        told.seen_at = now;
    }

    /// `told`: the most that was told of the block. It may have been told in full as of another code path: it was seen
    /// without a stack, say, or a second handler was longer.
    [[nodiscard]] static bool is_owed_in_full(code_path const& path, telling told)
    {
        return !path.excused && (told != telling::full || !path.told.in_full);
    }

    [[nodiscard]] bool may_be_full(telling_limits const& limits, told_of_path const& told, nanoseconds duration,
                                   time_point now) const
    {
        std::uint64_t const used = full_.count(now);
        if (!told.in_full) return used < limits.full;
        return duration > 2 * told.longest_in_full && used < limits.full / 2;
    }

    [[nodiscard]] static bool is_line_due(told_of_path const& told, time_point now)
    {
        return told.interval == nanoseconds{0} || now - told.last_at >= told.interval;
    }

    telling tell_in_full(telling_limits const& limits, told_of_path& told, nanoseconds duration, time_point now)
    {
        full_.add(now);
        told.in_full = true;
        told.longest_in_full = std::max(told.longest_in_full, duration);
        told.interval = std::max(limits.first_interval, nanoseconds{1});
        told.last_at = now;
        return telling::full;
    }

    telling tell_line(telling_limits const& limits, told_of_path& told, time_point now)
    {
        if (lines_.count(now) >= limits.lines) return telling::counted;
        lines_.add(now);
        nanoseconds const first = std::max(limits.first_interval, nanoseconds{1});
        bool const is_first = told.interval == nanoseconds{0};
        told.interval = is_first ? first : std::max(first, std::min(told.interval, longest_interval / 2) * 2);
        told.last_at = now;
        return telling::brief;
    }

    last_minute full_;
    last_minute lines_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
