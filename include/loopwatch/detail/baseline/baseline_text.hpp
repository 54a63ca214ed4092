// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../cause.hpp"
#include "../algorithm.hpp"
#include "../clock.hpp"
#include "../config.hpp"
#include "../formatted.hpp"
#include "../function_name.hpp"
#include "../many.hpp"
#include "../signature.hpp"
#include "json_cursor.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <system_error>
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

/// Sorted, and one block a line, so that version control shows what has changed.
inline std::string baseline_text(known_blocks const& blocks)
{
    std::string out = "{\n  \"loopwatch_baseline\": 1,\n  \"blocks\": [";
    bool first = true;
    for (auto const& [block, longest] : blocks) {
        out += std::exchange(first, false) ? "\n" : ",\n";
        auto const tenths = as_in_baseline(longest).count() / 100'000;
        out += formatted(R"(    {{"culprit": {}, "file": {}, "cause": {}, "longest_ms": {}.{}}})",
                         {json_text(block.culprit), json_text(block.file), json_text(to_string(block.cause)),
                          tenths / 10, tenths % 10});
    }
    return out += blocks.empty() ? "]\n}\n" : "\n  ]\n}\n";
}

/// One block's time in a baseline.
inline nanoseconds read_milliseconds(json_cursor& from)
{
    constexpr double century = 3.2e12;
    auto const text = from.number();
    double value = 0;
    auto const [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || rest != text.data() + text.size() || value > century)
        from.refuse(formatted("{} is no number of milliseconds", {text}));
    return as_in_baseline(nanoseconds{static_cast<std::int64_t>(value * 1e6 + 0.5)});  // NOLINT
}

inline void read_known_block(json_cursor& from, known_blocks& to)
{
    block_signature which;
    from.expect('{');
    from.key("culprit");
    which.culprit = from.string();
    from.expect(',');
    from.key("file");
    which.file = from.string();
    from.expect(',');
    from.key("cause");
    std::string const cause_name = from.string();
    auto const* const known = first_of(all_causes, [&](cause c) { return to_string(c) == cause_name; });
    if (known == nullptr) from.refuse(formatted("there is no cause \"{}\"", {cause_name}));
    which.cause = *known;
    from.expect(',');
    from.key("longest_ms");
    auto const longest = read_milliseconds(from);
    from.expect('}');
    to.note(which, longest);
}

/// Reads what baseline_text() writes, with whatever blanks and line ends, and nothing else.
///
/// Pure. Throws: std::invalid_argument that names the file, as `name`, the line, and what is wrong.
inline known_blocks read_baseline(std::string_view text, std::string const& name)
{
    known_blocks blocks;
    json_cursor from{text, name};
    from.expect('{');
    from.key("loopwatch_baseline");
    if (from.number() != "1") from.refuse("another version of the format than 1");
    from.expect(',');
    from.key("blocks");
    from.expect('[');
    if (!from.next_is(']')) {
        read_known_block(from, blocks);
        while (from.next_is(',')) {
            from.expect(',');
            read_known_block(from, blocks);
        }
    }
    from.expect(']');
    from.expect('}');
    from.expect_end();
    return blocks;
}

/// By the names that functions have now: an earlier release spelled some in another way.
inline known_blocks renamed(known_blocks const& blocks)
{
    known_blocks now;
    for (auto const& [block, longest] : blocks) {
        auto which = block;
        which.culprit = clean_function_name(std::move(which.culprit)).text;
        now.note(which, longest);
    }
    return now;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
