// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "detail/allowance/budget.hpp"
#include "detail/config.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

class thread_record;

/// Throws: std::invalid_argument if it is not above zero.
LOOPWATCH_DECL std::chrono::nanoseconds checked_budget(std::chrono::nanoseconds budget);

/// As nanoseconds, of which there are 292 years: what is longer than a century is without end.
template <typename Rep, typename Period>
std::chrono::nanoseconds budget_of(std::chrono::duration<Rep, Period> given)
{
    constexpr std::chrono::duration<long double, std::nano> century = std::chrono::hours{24 * 365 * 100};
    std::chrono::duration<long double, std::nano> const exact{given};
    if (exact >= century) return no_budget;
    return checked_budget(exact > -century ? std::chrono::duration_cast<std::chrono::nanoseconds>(exact)
                                           : std::chrono::nanoseconds{-1});  // also what is no number
}

/// One scope on this thread's record.
class allowance_scope {
public:
    allowance_scope(std::string_view reason, std::chrono::nanoseconds budget);

    /// One in which nothing is allowed.
    allowance_scope();

    allowance_scope(allowance_scope const&) = delete;
    allowance_scope& operator=(allowance_scope const&) = delete;
    ~allowance_scope();

private:
    thread_record* record_{nullptr};
    unsigned fork_count_{0};
    std::uint64_t scope_{0};
};

}  // namespace detail

/// What this thread does while one of these lives may block its loop, and nobody is blamed:
///
///     loopwatch::allow_blocking scope{"reload certificates"};
///     loopwatch::allow_blocking scope{"reload certificates", 200ms};
///
/// Only the time in the scope is taken off a block, to the nanosecond: one that is long enough without it is raised,
/// with the stack of a moment that was not allowed. Otherwise it is in excused(), and the excuse names the reason. With
/// a budget a block is raised even so if the scope took more of it than that; what was spent waiting for a CPU does not
/// count. Scopes nest, and the innermost decides: time in it counts for it alone.
///
/// It follows the thread and not the coroutine. One that is held across a co_await covers every other handler that
/// this thread runs meanwhile, and nothing of what the coroutine does once it has been resumed on another thread. It
/// may be destroyed there, and in any order; it then ends on the thread that made it. It also ends with that thread.
///
/// Works before there is any guard, without a loop, in destructors of statics, and in the child of a fork, where those
/// of the parent are over.
///
/// Thread safety: make it on the thread that it is for; destroy it on any.
/// Cost to the loop: two readings of the clock, two uncontended mutexes and a place in a log of 64, together some 300
/// ns for making and destroying it; the first on a thread, and the first for a reason there, allocates.
class allow_blocking {
public:
    /// `reason`: for reports; it is copied. At most 1000 different ones are told apart in a process.
    ///
    /// Throws: std::invalid_argument if the reason is empty; std::bad_alloc.
    [[nodiscard]] explicit allow_blocking(std::string_view reason) : scope_{reason, detail::no_budget} {}

    /// `budget`: how much of one block it may take. A duration of any kind, above zero.
    ///
    /// Throws: std::invalid_argument that names the field and its value; std::bad_alloc.
    template <typename Rep, typename Period>
    [[nodiscard]] explicit allow_blocking(std::string_view reason, std::chrono::duration<Rep, Period> budget)
        : scope_{reason, detail::budget_of(budget)}
    {
    }

    allow_blocking(allow_blocking const&) = delete;
    allow_blocking& operator=(allow_blocking const&) = delete;
    ~allow_blocking() = default;

private:
    detail::allowance_scope scope_;
};

/// Within an allow_blocking: here nothing is allowed after all. In it, allow_blocking allows again.
///
/// Throws: std::bad_alloc. Thread safety and cost: as allow_blocking; without one on this thread it does nothing.
class disallow_blocking {
public:
    [[nodiscard]] disallow_blocking() = default;

    disallow_blocking(disallow_blocking const&) = delete;
    disallow_blocking& operator=(disallow_blocking const&) = delete;
    ~disallow_blocking() = default;

private:
    detail::allowance_scope scope_;
};

/// The reasons of allowances that this process has entered, and that have not excused anything so far, no block and no
/// considerable part of one: sorted, each once. Ask when guards have ended, for a block counts once it is reported.
///
/// Throws: std::bad_alloc. Thread safety: any thread. Cost to the loop: none; the caller copies and sorts the texts.
[[nodiscard]] LOOPWATCH_DECL std::vector<std::string> unused_allowances();

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
