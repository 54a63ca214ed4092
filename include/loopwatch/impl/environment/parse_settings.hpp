// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../cause.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/byte_order_mark.hpp"
#include "../base/fixed.hpp"
#include "../base/formatted.hpp"
#include "../base/parse_duration.hpp"
#include "../base/parse_number.hpp"
#include "../symbolize/library_code.hpp"
#include "settings.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// One function for each kind of value. Each returns "" if the value is valid, else a text that says what is allowed.

inline std::string read_setting(std::string_view value, maybe<std::chrono::nanoseconds>& to)
{
    to = parse_duration(value);
    return to ? std::string{} : "must be " + std::string{duration_syntax};
}

inline std::string read_setting(std::string_view value, maybe<bool>& to)
{
    for (auto const yes : {"1", "true", "yes", "on"})
        if (value == yes) to = true;
    for (auto const no : {"0", "false", "no", "off"})
        if (value == no) to = false;
    return to ? "" : "must be 1 or 0, true or false, yes or no, on or off";
}

inline std::string read_setting(std::string_view value, maybe<on_block>& to)
{
    if (value == "raise") to = on_block::raise;
    if (value == "log") to = on_block::log;
    return to ? "" : "must be raise or log";
}

inline std::string read_setting(std::string_view value, maybe<watch_scope>& to)
{
    if (value == "loop") to = watch_scope::loop;
    if (value == "each_thread") to = watch_scope::each_thread;
    return to ? "" : "must be loop or each_thread";
}

inline std::string read_setting(std::string_view value, maybe<unsigned>& to)
{
    constexpr unsigned most = std::numeric_limits<unsigned>::max();
    auto const number = parse_number(value);
    if (!number || *number > most) return formatted("must be a whole number, 0 to {}", {most});
    to = static_cast<unsigned>(*number);
    return {};
}

inline std::string read_setting(std::string_view value, maybe<double>& to)
{
    // Neither std::from_chars(), which libc++ 19 does not have for double, nor std::strtod(), which obeys the locale.
    std::size_t const point = value.find('.');
    double digits = 0;
    double unit = 1;
    bool valid = true;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (i == point) continue;
        valid = valid && value[i] >= '0' && value[i] <= '9';
        digits = digits * 10 + (value[i] - '0');
        if (i > point) unit *= 10;
    }
    double const number = digits / unit;
    if (!valid || !(number >= 1) || number > std::numeric_limits<double>::max())
        return "must be a number of 1 or more, such as 1.5";
    to = number;
    return {};
}

inline std::string read_setting(std::string_view value, maybe<std::string>& to)
{
    to.emplace(value);
    return {};
}

inline std::string read_setting(std::string_view value, maybe<code_patterns>& to)
{
    if (!library_code::is_valid(value)) return "must be " + std::string{library_code_syntax};
    to.emplace(std::string{value});
    return {};
}

inline std::string read_setting(std::string_view value, maybe<cause_set>& to)
{
    if (value == "all") to = cause_set::all();
    if (value == "none") to = cause_set{};
    if (to) return {};
    cause_set some;
    for (bool more = true; more;) {
        auto const comma = value.find(',');
        more = comma != value.npos;
        auto const name = value.substr(0, comma);
        auto const* const known = first_of(all_causes, [&](cause c) { return to_string(c) == name; });
        if (known == nullptr) {
            std::string allowed = "must be all, none, or some, separated by commas, of";
            for (cause const each : all_causes) (allowed += ' ') += to_string(each);
            return allowed;
        }
        some = some.with(*known);
        if (more) value.remove_prefix(comma + 1);
    }
    to = some;
    return {};
}

/// A key of LOOPWATCH_OPTIONS, and the function that reads its value.
struct setting_key {
    std::string_view name;
    std::string (*read)(std::string_view value, settings& to);
};

template <auto Member>
std::string read_member(std::string_view value, settings& to)
{
    return read_setting(value, to.*Member);
}

inline constexpr fixed setting_keys{
    setting_key{"threshold", &read_member<&settings::threshold>},
    setting_key{"heartbeat_interval", &read_member<&settings::heartbeat_interval>},
    setting_key{"action", &read_member<&settings::action>},
    setting_key{"raise_on", &read_member<&settings::raise_on>},
    setting_key{"loop_name", &read_member<&settings::loop_name>},
    setting_key{"all_frames", &read_member<&settings::all_frames>},
    setting_key{"suppressions", &read_member<&settings::suppressions>},
    setting_key{"report_unused", &read_member<&settings::report_unused>},
    setting_key{"baseline", &read_member<&settings::baseline>},
    setting_key{"baseline_factor", &read_member<&settings::baseline_factor>},
    setting_key{"library_code", &read_member<&settings::library_code>},
    setting_key{"scope", &read_member<&settings::scope>},
    setting_key{"full_reports_per_minute", &read_member<&settings::full_reports_per_minute>},
    setting_key{"lines_per_minute", &read_member<&settings::lines_per_minute>},
    setting_key{"first_interval", &read_member<&settings::first_interval>},
    setting_key{"error_above", &read_member<&settings::error_above>},
    setting_key{"baseline_update", &read_member<&settings::baseline_update>},
    setting_key{"html", &read_member<&settings::html>},
    setting_key{"ci", &read_member<&settings::ci>},
    setting_key{"loopwatch", &read_member<&settings::loopwatch>},
};

/// Reads "threshold=50ms:action=log:suppressions='a path: with a colon'": the syntax of sanitizer options. Separators
/// are colons, blanks and line ends; a value may be in single or double quotes. A byte order mark, as of a file that a
/// service's variables are read from, is skipped.
///
/// Pure. Throws: std::invalid_argument that names the key and its value, and says what is allowed.
class settings_reader {
public:
    static settings read(std::string_view text) { return settings_reader{text}.all(); }

private:
    static constexpr std::string_view separators = ": \t\r\n";

    explicit settings_reader(std::string_view text) : rest_{without_byte_order_mark(text)} {}

    settings all()
    {
        settings result;
        fixed<bool, setting_keys.size()> given{};
        while (skip_separators()) {
            auto const name = take(rest_.find_first_of(": \t\r\n="));
            if (!rest_.starts_with('=')) refuse(name, "has no value: write " + std::string{name} + "=...");
            take(1);
            auto const value = take_value(name);
            std::string const both = std::string{name} + '=' + std::string{value};
            auto const* const key = first_with(setting_keys, &setting_key::name, name);
            if (key == nullptr) refuse(both, "there is no such key; there are" + all_keys());
            if (std::exchange(given[static_cast<std::size_t>(key - setting_keys.data())], true))
                refuse(both, "is given twice");
            if (auto const allowed = key->read(value, result); !allowed.empty()) refuse(both, allowed);
            if (key->name == "threshold" && *result.threshold <= std::chrono::nanoseconds{0})  // NOLINT
                refuse(both, "must be above zero");
        }
        return result;
    }

    /// Returns false at the end of the text.
    bool skip_separators()
    {
        take(std::min(rest_.find_first_not_of(separators), rest_.size()));
        return !rest_.empty();
    }

    std::string_view take_value(std::string_view name)
    {
        if (!rest_.starts_with('\'') && !rest_.starts_with('"')) return take(rest_.find_first_of(separators));
        std::string const all = std::string{name} + '=' + std::string{rest_};
        char const quote = take(1).front();
        auto const end = rest_.find(quote);
        if (end == rest_.npos) refuse(all, std::string{"lacks the closing "} + quote);
        auto const value = take(end);
        take(1);
        if (!rest_.empty() && separators.find(rest_.front()) == separators.npos)
            refuse(all, std::string{"something stands behind the closing "} + quote);
        return value;
    }

    std::string_view take(std::size_t size)
    {
        auto const front = rest_.substr(0, size);
        rest_.remove_prefix(front.size());
        return front;
    }

    static std::string all_keys()
    {
        std::string keys;
        for (setting_key const& each : setting_keys) (keys += ' ') += each.name;
        return keys;
    }

    [[noreturn]] static void refuse(std::string_view what, std::string_view why)
    {
        std::string text = "loopwatch: LOOPWATCH_OPTIONS: ";
        ((text += what) += ": ") += why;
        throw std::invalid_argument{text};
    }

    std::string_view rest_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
