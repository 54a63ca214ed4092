// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/formatted.hpp"
#include "../base/many.hpp"
#include "../base/parse_duration.hpp"
#include "block_line.hpp"
#include "signature.hpp"
#include "suppression.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

struct known_block {
    block_signature which;
    nanoseconds longest{};

    friend bool operator==(known_block const&, known_block const&) = default;
};

/// The blocks of a baseline, each with the longest time of its own. In the order in which they are written.
class known_blocks {
public:
    known_blocks() = default;
    known_blocks(std::initializer_list<known_block> all)
    {
        for (known_block const& b : all) note(b.which, b.longest);
    }

    [[nodiscard]] known_block const* begin() const { return all_.begin(); }
    [[nodiscard]] known_block const* end() const { return all_.end(); }
    [[nodiscard]] bool empty() const { return all_.empty(); }

    /// Or null.
    [[nodiscard]] known_block const* find(block_signature const& which) const
    {
        std::size_t const at = place_of(which);
        return at < all_.size() && all_[at].which == which ? &all_[at] : nullptr;
    }

    /// Whether it is news: longer than what is known of this block, if anything is.
    bool note(block_signature const& which, nanoseconds longest)
    {
        std::size_t const at = place_of(which);
        if (at < all_.size() && all_[at].which == which) {
            if (longest <= all_[at].longest) return false;
            all_[at].longest = longest;
            return true;
        }
        all_.push_back({which, longest});
        for (std::size_t i = all_.size() - 1; i > at; --i) std::swap(all_[i], all_[i - 1]);
        return true;
    }

    friend bool operator==(known_blocks const&, known_blocks const&) = default;

private:
    /// Of the first that does not precede it.
    [[nodiscard]] std::size_t place_of(block_signature const& which) const
    {
        std::size_t from = 0;
        for (std::size_t to = all_.size(); from < to;) {
            std::size_t const middle = from + (to - from) / 2;
            if (precedes(all_[middle].which, which))
                from = middle + 1;
            else
                to = middle;
        }
        return from;
    }

    many<known_block> all_;  // sorted
};

/// The least number of tenths of a millisecond that is not below: what a baseline holds of a duration.
inline nanoseconds as_in_baseline(nanoseconds d)
{
    constexpr std::int64_t tenth = 100'000;
    return nanoseconds{(d.count() + tenth - 1) / tenth * tenth};
}

/// Sorted, and one block a line, so that version control shows what has changed, and merges it line by line.
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

/// One line of a baseline, that is not empty. Throws: std::invalid_argument that says what is wrong.
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

/// Reads what baseline_text() writes, its lines in any order, with comments as a file of suppressions has them.
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
