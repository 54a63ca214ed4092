// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/config.hpp"

#include <array>
#include <initializer_list>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// Why the loop was blocked.
enum class cause {
    unknown,        ///< the evidence does not say
    cpu,            ///< it computed
    blocking_call,  ///< slept in a system call
    lock,           ///< waited for a mutex or a condition variable
    disk,           ///< waited for a disk
    starved,        ///< was ready to run, but got no CPU
    suspended,      ///< the process or the machine was stopped
    backlog,        ///< many handlers ran, none of them long
    self_deadlock   ///< waited for something that only this loop can do
};

/// All causes, in the order of the enumeration.
inline constexpr std::array all_causes{cause::unknown,   cause::cpu,     cause::blocking_call,
                                       cause::lock,      cause::disk,    cause::starved,
                                       cause::suspended, cause::backlog, cause::self_deadlock};

/// The enumerator's name: "cpu", "blocking_call", ...
[[nodiscard]] constexpr std::string_view to_string(cause why) noexcept
{
    switch (why) {
        case cause::unknown: return "unknown";
        case cause::cpu: return "cpu";
        case cause::blocking_call: return "blocking_call";
        case cause::lock: return "lock";
        case cause::disk: return "disk";
        case cause::starved: return "starved";
        case cause::suspended: return "suspended";
        case cause::backlog: return "backlog";
        case cause::self_deadlock: return "self_deadlock";
    }
    return "unknown";
}

/// A set of causes: `{.raise_on = {cause::cpu, cause::disk}}`, or all except some:
/// `{.raise_on = cause_set::all().without(cause::backlog)}`.
///
/// A value of one word. Throws: nothing. Thread safety: as for an int. Cost to the loop: none.
class cause_set {
public:
    /// No cause.
    constexpr cause_set() noexcept = default;

    /// These causes.
    constexpr cause_set(std::initializer_list<cause> causes) noexcept
    {
        for (cause const each : causes) bits_ |= bit(each);
    }

    /// Every cause.
    [[nodiscard]] static constexpr cause_set all() noexcept
    {
        cause_set every;
        for (cause const each : all_causes) every.bits_ |= bit(each);
        return every;
    }

    /// Whether this cause is in it.
    [[nodiscard]] constexpr bool contains(cause why) const noexcept { return (bits_ & bit(why)) != 0; }

    /// Whether no cause is in it.
    [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }

    /// A copy with this cause in it.
    [[nodiscard]] constexpr cause_set with(cause why) const noexcept { return cause_set{bits_ | bit(why)}; }

    /// A copy without this cause.
    [[nodiscard]] constexpr cause_set without(cause why) const noexcept { return cause_set{bits_ & ~bit(why)}; }

    /// Whether the same causes are in both.
    friend constexpr bool operator==(cause_set const&, cause_set const&) noexcept = default;

private:
    explicit constexpr cause_set(unsigned bits) noexcept : bits_{bits} {}
    static constexpr unsigned bit(cause why) noexcept { return 1U << static_cast<unsigned>(why); }

    unsigned bits_{0};
};

namespace detail {

// A constant: as an initializer in options the calls would be compiled anew in every file with a guard.
inline constexpr cause_set blamed_by_default = cause_set::all().without(cause::starved).without(cause::suspended);

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
