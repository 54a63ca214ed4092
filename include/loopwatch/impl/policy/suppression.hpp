// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/glob.hpp"
#include "../../detail/maybe.hpp"
#include "../base/calendar_day.hpp"
#include "../base/fixed.hpp"
#include "../base/formatted.hpp"
#include "../symbolize/code_origin.hpp"
#include "../symbolize/function_name.hpp"
#include "block_line.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// One line of a suppressions file.
struct suppression {
    enum class subject {
        culprit,  ///< the culprit's function, with or without its parameters
        stack,    ///< any function on the stack, likewise
        file,     ///< the culprit's file
        cause
    };

    subject what{};
    std::string pattern;
    maybe<calendar_day> until;  ///< the last day, in UTC, on which it suppresses
    std::string comment;
    unsigned line{};
};

inline constexpr fixed<std::string_view, 4> suppression_subjects{"culprit", "stack", "file", "cause"};

/// The suppression as written in the file, without date and comment.
inline std::string text_of(suppression const& s)
{
    return formatted("{}:{}", {suppression_subjects[static_cast<std::size_t>(s.what)], s.pattern});
}

inline std::string text_of(calendar_day d) { return formatted("{:04}-{:02}-{:02}", {d.year(), d.month(), d.day()}); }

[[nodiscard]] inline bool has_expired(suppression const& s, calendar_day today)
{
    return s.until && s.until->number < today.number;
}

/// Pure. Whether a suppression matches a block; its expiry is not checked.
[[nodiscard]] inline bool is_about(suppression const& s, block_report const& report)
{
    // Patterns written for an earlier release have numbered lambdas.
    std::string const pattern = with_plain_lambdas(s.pattern);
    auto const names = [&pattern](frame const& f) {
        return !f.function.empty() &&
               (glob_matches(pattern, f.function) || glob_matches(pattern, qualified_name(f.function)) ||
                glob_matches(pattern, without_parameters(f.function)));
    };
    frame const* const culprit = report.culprit();
    switch (s.what) {
        case suppression::subject::culprit: return culprit != nullptr && names(*culprit);
        case suppression::subject::stack: return any_of(report.stack, names);
        case suppression::subject::file:
            return culprit != nullptr && !culprit->file.empty() && glob_matches_path(s.pattern, culprit->file);
        case suppression::subject::cause: return to_string(report.cause) == s.pattern;
    }
    return false;
}

/// Reads "2027-01-01". Empty if there is no such day, or it is written in another way.
inline maybe<calendar_day> parse_day(std::string_view text)
{
    constexpr std::string_view shape = "dddd-dd-dd";
    if (text.size() != shape.size()) return {};
    for (std::size_t i = 0; i < shape.size(); ++i)
        if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i]) return {};
    auto const number = [text](std::size_t from, std::size_t size) {
        int value = 0;
        for (char const c : text.substr(from, size)) value = value * 10 + (c - '0');
        return value;
    };
    return day_of(number(0, 4), number(5, 2), number(8, 2));
}

/// Reads one line, "culprit:*legacy::* until=2027-01-01  # why". Empty if it is blank or only a comment.
///
/// Pure. Throws: std::invalid_argument that says what is wrong.
inline maybe<suppression> parse_suppression(std::string_view text)
{
    block_line line{text};
    if (line.empty()) return {};
    suppression s;
    s.comment = line.comment();
    if (std::string_view day; line.take("until", day)) {
        s.until = parse_day(day);
        if (auto const blank = day.find_first_of(" \t"); blank != day.npos)
            throw std::invalid_argument{
                formatted("\"{}\" stands behind until=; only a # comment may", {trimmed(day.substr(blank))})};
        if (!s.until)
            throw std::invalid_argument{
                formatted("until={}: no day of the calendar, written as until=2027-01-31", {day})};
        if (line.take("until", day)) throw std::invalid_argument{"until= stands there twice"};
    }
    auto const kind = line.kind();
    std::string_view const* const known =
        first_of(suppression_subjects, [&](std::string_view each) { return each == kind; });
    if (!line.has_kind() || known == nullptr)
        throw std::invalid_argument{formatted("\"{}\": must begin with culprit:, stack:, file: or cause:", {kind})};
    s.what = static_cast<suppression::subject>(known - suppression_subjects.data());
    s.pattern = line.pattern();
    if (s.pattern.empty()) throw std::invalid_argument{formatted("{}: lacks a pattern", {kind})};
    if (s.what == suppression::subject::cause) static_cast<void>(cause_named(s.pattern));
    return s;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
