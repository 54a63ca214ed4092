// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "../maybe.hpp"

#include <chrono>

#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What a test case's tags ask for.
struct tag_request {
    bool watch{false};
    maybe<std::chrono::nanoseconds> threshold;
    std::string error;  // message about an invalid tag; "" if there is none
};

/// Pure. `tags`: "[one][two]", as Catch2 2 and 3 give them. A tag that begins with no_loop_blocking, and does not go on
/// as a threshold does, is an error: ignoring it would silently switch the watch off.
[[nodiscard]] LOOPWATCH_DECL tag_request read_tags(std::string_view tags);

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
