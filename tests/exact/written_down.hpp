// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/net.hpp"

#include <loopwatch/detail/exact/completion.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

// What the threads of this program write down of their handlers.

namespace exact = loopwatch::exact;

/// Handlers that this thread is in.
inline std::uint32_t depth() { return exact::mine == nullptr ? 0 : exact::mine->depth.load(); }

/// Of this thread, which must be in so many.
inline exact::running_handler const& running(std::uint32_t place) { return exact::mine->running[place]; }
inline exact::running_handler const& innermost() { return running(depth() - 1); }

/// As the compiler mangles it; "" if it has none.
inline std::string_view type_name(std::uint32_t type)
{
    char const* const name = exact::state.names[type].load();
    return name == nullptr ? "" : name;
}
inline std::string_view type_name(exact::running_handler const& one) { return type_name(one.type.load()); }

/// Handlers that this thread has begun so far, of types whose names have that in them.
inline std::uint64_t begun(std::string_view part_of_name)
{
    std::uint64_t sum = 0;
    if (exact::mine == nullptr) return 0;
    for (std::uint32_t type = 0; type < exact::most_types; ++type)
        if (type_name(type).find(part_of_name) != std::string_view::npos) sum += exact::mine->counts[type].load();
    return sum;
}

inline std::size_t number_of_records()
{
    std::size_t n = 0;
    for (auto const* each = exact::state.records.load(); each != nullptr; each = each->next) ++n;
    return n;
}

/// Of threads that have not ended.
inline std::size_t number_of_taken_records()
{
    std::size_t n = 0;
    for (auto const* each = exact::state.records.load(); each != nullptr; each = each->next)
        if (each->thread.load() != 0) ++n;
    return n;
}
