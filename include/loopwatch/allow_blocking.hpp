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

/// Returns the budget. Throws: std::invalid_argument if it is not above zero.
LOOPWATCH_DECL std::chrono::nanoseconds checked_budget(std::chrono::nanoseconds budget);

/// The budget in nanoseconds, which overflow at 292 years: more than a century is no_budget.
template <typename Rep, typename Period>
std::chrono::nanoseconds budget_of(std::chrono::duration<Rep, Period> given)
{
    constexpr std::chrono::duration<long double, std::nano> century = std::chrono::hours{24 * 365 * 100};
    std::chrono::duration<long double, std::nano> const exact{given};
    if (exact >= century) return no_budget;
    return checked_budget(exact > -century ? std::chrono::duration_cast<std::chrono::nanoseconds>(exact)
                                           : std::chrono::nanoseconds{-1});  // NaN, too
}

/// One scope in this thread's record.
class allowance_scope {
public:
    allowance_scope(std::string_view reason, std::chrono::nanoseconds budget);

    /// A scope in which nothing is allowed.
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

/// While one of these lives its thread may block its loop, and nobody is blamed:
///
///     loopwatch::allow_blocking scope{"reload certificates"};
///     loopwatch::allow_blocking scope{"reload certificates", 200ms};
///
/// Exactly the time in the scope is taken off a block. If the rest reaches the threshold, the block is raised, with the
/// stack of a moment outside the scope. Otherwise it is in excused(), and the excuse names the reason. With a budget a
/// block is also raised if the scope took more of it than the budget, time spent waiting for a CPU not counted. Scopes
/// nest, and the innermost decides: time in it counts for it alone.
///
/// It applies to the thread, not to the coroutine. Held across a co_await it covers every other handler that this
/// thread runs meanwhile, and nothing that the coroutine does after it was resumed on another thread. It may be
/// destroyed there, and in any order; it then ends on the thread that made it. It also ends with that thread.
///
/// Works before there is any guard, without a loop, in destructors of statics, and in the child of a fork, where the
/// parent's scopes have ended.
///
/// Thread safety: construct it on the thread that it is for; destroy it on any.
/// Cost to the loop: some 300 ns for construction and destruction together: two readings of the clock, two uncontended
/// mutexes, an entry in a log of 64. The first on a thread, and the first with a reason there, allocates.
class allow_blocking {
public:
    /// `reason`: shown in reports; it is copied. At most 1000 different reasons are distinguished in a process.
    ///
    /// Throws: std::invalid_argument if the reason is empty; std::bad_alloc.
    [[nodiscard]] explicit allow_blocking(std::string_view reason) : scope_{reason, detail::no_budget} {}

    /// `budget`: how much of one block the scope may take; above zero.
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

/// Inside an allow_blocking: while it lives nothing is allowed. A further allow_blocking inside allows again.
///
/// Throws: std::bad_alloc. Thread safety and cost: as allow_blocking; it has no effect outside of an allow_blocking.
class disallow_blocking {
public:
    [[nodiscard]] disallow_blocking() = default;

    disallow_blocking(disallow_blocking const&) = delete;
    disallow_blocking& operator=(disallow_blocking const&) = delete;
    ~disallow_blocking() = default;

private:
    detail::allowance_scope scope_;
};

/// The reasons given in this process that have excused nothing so far, neither a block nor a considerable part of one:
/// sorted, each once. Call it after guards have ended, as a block counts only when it has been reported.
///
/// Throws: std::bad_alloc. Thread safety: any thread. Cost to the loop: none; the caller copies and sorts the texts.
[[nodiscard]] LOOPWATCH_DECL std::vector<std::string> unused_allowances();

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
