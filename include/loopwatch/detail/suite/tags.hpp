// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "../parse_duration.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What the tags of a test case ask for.
struct tag_request {
    bool watch{false};
    std::optional<std::chrono::nanoseconds> threshold;
    std::string error;  // names the tag that can't be understood
};

/// Pure. `tags` is "[one][two]", as both majors of Catch2 give it. A tag that begins with our name and goes on
/// otherwise than a threshold does is an error: taken for somebody else's, it would switch the watch off silently.
inline tag_request read_tags(std::string_view tags)
{
    constexpr std::string_view name = "no_loop_blocking";
    tag_request wanted;
    for (auto begin = tags.find('['); begin != tags.npos; begin = tags.find('[', begin + 1)) {
        std::string_view const tag = tags.substr(begin, tags.find(']', begin) - begin + 1);
        std::string_view rest = tag.substr(1, tag.size() - 2);
        if (!rest.starts_with(name)) continue;
        rest.remove_prefix(name.size());
        wanted.watch = true;
        if (rest.empty()) continue;
        auto const threshold = rest.front() == ':' ? parse_duration(rest.substr(1)) : std::nullopt;
        if (!threshold || threshold->count() == 0)
            wanted.error = "loopwatch: the tag " + std::string{tag} +
                           " can't be understood: it is [no_loop_blocking], or with a threshold above zero after a "
                           "colon, " +
                           std::string{duration_syntax};
        else if (wanted.threshold && wanted.threshold != threshold)
            wanted.error = "loopwatch: the tag " + std::string{tag} + " gives the test case a second threshold";
        else
            wanted.threshold = threshold;
    }
    return wanted;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
