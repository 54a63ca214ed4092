// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "config.hpp"

#include <cstddef>
#include <utility>

// Replacements for <algorithm>, one function each. With headers alone, and without optimization, every file compiles
// and keeps each instance: std::ranges::sort is some sixty functions for one type, and std::ranges::find_if ten.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The first element for which `holds` is true, or null.
template <typename Range, typename Predicate>
LOOPWATCH_INLINED constexpr auto first_of(Range&& range, Predicate const& holds) -> decltype(&*range.begin())
{
    for (auto& each : range)
        if (holds(each)) return &each;
    return nullptr;
}

/// The first element whose member is equal to `value`, or null.
template <typename Range, typename Value, typename Class, typename Member>
LOOPWATCH_INLINED constexpr auto first_with(Range&& range, Member Class::* member, Value const& value)
    -> decltype(&*range.begin())
{
    for (auto& each : range)
        if (each.*member == value) return &each;
    return nullptr;
}

template <typename Range, typename Value>
[[nodiscard]] LOOPWATCH_INLINED constexpr bool contains(Range const& range, Value const& value)
{
    for (auto const& each : range)
        if (each == value) return true;
    return false;
}

template <typename Range, typename Predicate>
[[nodiscard]] LOOPWATCH_INLINED constexpr bool any_of(Range const& range, Predicate const& holds)
{
    for (auto const& each : range)
        if (holds(each)) return true;
    return false;
}

template <typename Range, typename Predicate>
[[nodiscard]] LOOPWATCH_INLINED constexpr bool all_of(Range const& range, Predicate const& holds)
{
    for (auto const& each : range)
        if (!holds(each)) return false;
    return true;
}

/// The last element whose key is not above `key`, or null. `all` is sorted by key.
template <typename Container, typename Key, typename KeyOf>
[[nodiscard]] LOOPWATCH_INLINED constexpr auto last_not_above(Container const& all, Key const& key, KeyOf const& key_of)
    -> decltype(all.data())
{
    std::size_t from = 0;
    for (std::size_t to = all.size(); from < to;) {
        std::size_t const middle = from + (to - from) / 2;
        if (key_of(all.data()[middle]) > key)
            to = middle;
        else
            from = middle + 1;
    }
    return from == 0 ? nullptr : all.data() + (from - 1);
}

/// Sorts. Stable, and quadratic: for some dozens of elements.
template <typename Container, typename Less>
LOOPWATCH_INLINED constexpr void sort_few(Container& all, Less const& less)
{
    for (std::size_t i = 1; i < all.size(); ++i)
        for (std::size_t k = i; k > 0 && less(all[k], all[k - 1]); --k) std::swap(all[k], all[k - 1]);
}

/// Removes and returns the first element. Moves all others: for some hundreds.
template <typename Container>
LOOPWATCH_INLINED constexpr auto take_first(Container& all)
{
    auto first = std::move(all[0]);
    for (std::size_t i = 1; i < all.size(); ++i) all[i - 1] = std::move(all[i]);
    all.pop_back();
    return first;
}

/// Removes the elements for which `holds` is true. Keeps the order of the others.
template <typename Container, typename Predicate>
LOOPWATCH_INLINED constexpr void remove_if(Container& all, Predicate const& holds)
{
    std::size_t kept = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (holds(all[i])) continue;
        if (kept != i) all[kept] = std::move(all[i]);
        ++kept;
    }
    while (all.size() > kept) all.pop_back();
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
