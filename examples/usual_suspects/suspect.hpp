// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <asio.hpp>
#include <loopwatch/loopwatch.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

// Code that blocks a loop, as it is met in real services, and some that only looks like it. Each is run for real.

using namespace std::chrono_literals;

/// What a suspect does on the loop. What it needs lives as long as it, and not on the loop's thread.
using deed = std::function<asio::awaitable<void>()>;

/// What a report of it must say; of the texts these parts.
struct verdict {
    loopwatch::cause cause{};
    std::string_view evidence;
    std::string_view culprit;
    std::string_view fix;
    std::string_view held_by{};  ///< the name of the thread that has what it waits for
};

struct suspect {
    std::string_view name;
    std::string_view about;
    deed (*prepare)();
    std::optional<verdict> guilty;  ///< none: nobody is to be blamed
};

// Longer than a busy machine keeps a free loop waiting, and several times shorter than what the suspects do.
constexpr auto threshold = 25ms;
constexpr auto long_enough = 150ms;

std::vector<suspect> computing_and_disk();
std::vector<suspect> network();
std::vector<suspect> databases();
std::vector<suspect> waiting();
std::vector<suspect> innocents();
