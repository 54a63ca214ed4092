// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../options.hpp"
#include "../base/duration_text.hpp"
#include "../base/formatted.hpp"
#include "../environment/environment.hpp"
#include "../symbolize/library_code.hpp"

#include <chrono>
#include <limits>
#include <stdexcept>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

LOOPWATCH_DECL options validated(options given)
{
    using namespace std::chrono_literals;
    auto const refuse = [](char const* field, std::string const& rule, std::string const& value) {
        throw std::invalid_argument{std::string{"loopwatch: options."} + field + ' ' + rule + ", but is " + value};
    };
    if (given.threshold <= 0ns) refuse("threshold", "must be above zero", exact_duration_text(given.threshold));
    if (given.heartbeat_interval < 0ns)
        refuse("heartbeat_interval", "must not be negative", exact_duration_text(given.heartbeat_interval));
    if (given.heartbeat_interval > given.threshold)
        refuse("heartbeat_interval", "must not be above the threshold",
               exact_duration_text(given.heartbeat_interval) + " with a threshold of " +
                   exact_duration_text(given.threshold));
    if (given.action != on_block::raise && given.action != on_block::log)
        refuse("action", "must be on_block::raise or on_block::log", std::to_string(static_cast<int>(given.action)));

    if (given.scope != watch_scope::loop && given.scope != watch_scope::each_thread)
        refuse("scope", "must be watch_scope::loop or watch_scope::each_thread",
               std::to_string(static_cast<int>(given.scope)));

    if (!(given.baseline_factor >= 1) || given.baseline_factor > std::numeric_limits<double>::max())
        refuse("baseline_factor", "must be 1 or more", formatted("{}", {given.baseline_factor}));

    if (!library_code::is_valid(given.library_code))
        refuse("library_code", "must be " + std::string{library_code_syntax},
               '"' + std::string{given.library_code} + '"');

    // Limited to a century, so that time points do not overflow.
    constexpr std::chrono::nanoseconds century = std::chrono::hours{24 * 365 * 100};
    if (given.threshold > century) given.threshold = century;
    if (given.heartbeat_interval > century) given.heartbeat_interval = century;
    if (given.heartbeat_interval == 0ns) given.heartbeat_interval = (given.threshold + 3ns) / 4;
    return given;
}

LOOPWATCH_DECL options effective(options const& given) { return validated(with_environment(given)); }

LOOPWATCH_DECL bool turned_off() { return !environment::get().loopwatch.value_or(true); }

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
