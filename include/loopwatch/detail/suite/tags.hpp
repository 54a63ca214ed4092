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

/// What the tags of a test case ask for.
struct tag_request {
    bool watch{false};
    maybe<std::chrono::nanoseconds> threshold;
    std::string error;  // names the tag that can't be understood
};

/// Pure. `tags` is "[one][two]", as both majors of Catch2 give it. A tag that begins with our name and goes on
/// otherwise than a threshold does is an error: taken for somebody else's, it would switch the watch off silently.
[[nodiscard]] LOOPWATCH_DECL tag_request read_tags(std::string_view tags);

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
