// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/formatted.hpp"
#include "../base/parse_duration.hpp"
#include "block_line.hpp"
#include "known_blocks.hpp"
#include "signature.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A duration as stored in a baseline: rounded up to tenths of a millisecond.
inline nanoseconds as_in_baseline(nanoseconds d)
{
    constexpr std::int64_t tenth = 100'000;
    return nanoseconds{(d.count() + tenth - 1) / tenth * tenth};
}

/// The text of a baseline: sorted, one block per line, so that version control can show and merge changes by line.
inline std::string baseline_text(known_blocks const& blocks)
{
    std::string out = "# loopwatch's baseline: the blocks that are borne for now, each with its longest time\n";
    for (auto const& [block, longest] : blocks) {
        auto const tenths = as_in_baseline(longest).count() / 100'000;
        out += formatted(
            "culprit:{} file={} cause={} longest={}.{}ms\n",
            {escaped(block.culprit, "#"), escaped(block.file, " #"), to_string(block.cause), tenths / 10, tenths % 10});
    }
    return out;
}

/// Reads one line of a baseline, which must not be empty. Throws: std::invalid_argument that says what is wrong.
inline void read_known_block(block_line line, known_blocks& to)
{
    block_signature which;
    std::string_view longest;
    std::string_view why;
    std::string_view file;
    auto const need = [&line](std::string_view key, std::string_view& value) {
        if (!line.take(key, value)) throw std::invalid_argument{formatted("lacks {}=", {key})};
    };
    need("longest", longest);
    need("cause", why);
    need("file", file);
    if (!line.has_kind() || line.kind() != "culprit")
        throw std::invalid_argument{formatted("\"{}\": must begin with culprit:", {line.kind()})};
    auto const time = parse_duration(longest);
    if (!time) throw std::invalid_argument{formatted("longest={}: not {}", {longest, duration_syntax})};
    which.culprit = unescaped(line.pattern());
    which.file = unescaped(file);
    which.cause = cause_named(why);
    to.note(which, as_in_baseline(*time));
}

/// Reads what baseline_text() writes, with lines in any order, and comments as in a suppressions file.
///
/// Pure. Throws: std::invalid_argument that names the file, as `name`, the line, and what is wrong.
inline known_blocks read_baseline(std::string_view text, std::string const& name)
{
    known_blocks blocks;
    for_each_line(text, name, [&](std::string_view each, unsigned) {
        block_line const line{each};
        if (line.empty()) return;
        if (each.starts_with('{'))
            throw std::invalid_argument{"JSON, as an earlier release wrote it: remove the file, and record it again"};
        read_known_block(line, blocks);
    });
    return blocks;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
