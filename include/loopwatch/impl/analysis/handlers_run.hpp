// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../handler_info.hpp"
#include "../base/clock.hpp"
#include "../base/duration_text.hpp"
#include "../base/formatted.hpp"
#include "../base/template_arguments.hpp"
#include "../base/view.hpp"
#include "named_block.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// What ran while a heartbeat waited in the queue, by what was counted. Pure.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// By name, the most frequent first; last, without a name, all others. Empty: nothing was counted, or one handler alone
/// ran, which is no queue.
inline std::vector<handler_count> handlers_run_in(named_block const& block)
{
    std::vector<handler_count> all;
    std::uint64_t others = block.ran_all;
    for (std::size_t i = 0; i < block.ran_as.size(); ++i) {
        handler_name const& type = block.ran_as[i];
        std::uint64_t const count = std::min(block.ran[i].count, others);
        std::string const& name = type.handler.empty() ? type.operation : type.handler;
        // A strand's handlers are counted each by itself.
        if (type.runs_others) others -= count;
        if (type.runs_others || name.empty()) continue;
        others -= count;
        if (auto* const same = first_with(all, &handler_count::completion_handler, name))
            same->count += count;
        else
            all.push_back({name, count});
    }
    sort_few(all, [](handler_count const& a, handler_count const& b) { return a.count > b.count; });
    if (others > 0) all.push_back({{}, others});
    std::uint64_t sum = 0;
    for (handler_count const& each : all) sum += each.count;
    if (sum < 2) all.clear();
    return all;
}

/// A name as a list of many shows it.
inline std::string brief(std::string const& name)
{
    constexpr std::size_t longest = 60;
    return name.size() > longest ? with_arguments_to(0, name, "<...>") : name;
}

/// "1200 x session::on_read".
inline std::string handler_count_text(handler_count const& each)
{
    return formatted("{} x {}",
                     {each.count, each.completion_handler.empty() ? "others" : brief(each.completion_handler)});
}

/// "1240 handlers in 180.0 ms: 1200 x session::on_read, 40 x coroutine".
inline std::string handlers_run_text(view<handler_count const> all, nanoseconds duration)
{
    constexpr std::size_t most = 4;
    std::uint64_t sum = 0;
    std::uint64_t others = 0;
    std::string list;
    for (std::size_t i = 0; i < all.size(); ++i) {
        handler_count const& each = all[i];
        sum += each.count;
        if (i >= most || each.completion_handler.empty())
            others += each.count;
        else
            list += (list.empty() ? ": " : ", ") + handler_count_text(each);
    }
    if (others > 0 && !list.empty()) list += ", " + handler_count_text({{}, others});
    return formatted("{} handlers in {}{}", {sum, duration_text(duration), list});
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
