// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What the pages of documentation are made of, as far as it can be checked.
namespace documentation {

using lines = std::vector<std::string>;

inline lines read_lines(std::filesystem::path const& file)
{
    std::ifstream from{file};
    lines all;
    for (std::string line; std::getline(from, line);) all.push_back(std::move(line));
    return all;
}

/// A block between two fences of backticks.
struct code_block {
    std::string language;
    std::size_t line{};  // of its first fence, from 1
    lines text;
};

struct link {
    std::string target;
    std::size_t line{};  // from 1
};

struct page {
    std::vector<code_block> blocks;
    std::vector<link> links;           // images, too
    std::vector<std::string> anchors;  // of its headings
};

/// A line without its code spans.
inline std::string without_code(std::string_view line)
{
    std::string rest;
    for (std::size_t at = 0; at < line.size(); ++at) {
        std::size_t const end = line[at] == '`' ? line.find('`', at + 1) : std::string_view::npos;
        if (end == std::string_view::npos)
            rest += line[at];
        else
            at = end;
    }
    return rest;
}

/// A line's code spans.
inline std::vector<std::string> code_in(std::string_view line)
{
    std::vector<std::string> all;
    for (std::size_t at = line.find('`'); at != std::string_view::npos; at = line.find('`', at)) {
        std::size_t const end = line.find('`', ++at);
        if (end == std::string_view::npos) break;
        all.emplace_back(line.substr(at, end - at));
        at = end + 1;
    }
    return all;
}

/// The targets of "[text](target)".
inline std::vector<std::string> targets_in(std::string_view line)
{
    std::vector<std::string> targets;
    std::string const text = without_code(line);
    for (std::size_t at = text.find("]("); at != std::string::npos; at = text.find("](", at + 1)) {
        std::size_t const end = text.find(')', at);
        if (end != std::string::npos) targets.push_back(text.substr(at + 2, end - at - 2));
    }
    return targets;
}

/// The anchor that GitHub gives a heading.
inline std::string anchor_of(std::string_view heading)
{
    std::string anchor;
    for (char const c : heading) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-')
            anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        else if (c == ' ')
            anchor += '-';
    }
    return anchor;
}

inline page parse(lines const& text)
{
    page found;
    bool in_block = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string_view const line = text[i];
        if (line.starts_with("```")) {
            if (!in_block) found.blocks.push_back({std::string{line.substr(3)}, i + 1, {}});
            in_block = !in_block;
        } else if (in_block) {
            found.blocks.back().text.emplace_back(line);
        } else if (line.starts_with('#')) {
            std::string_view const heading = line.substr(std::min(line.size(), line.find_first_not_of("# ")));
            std::string const anchor = anchor_of(heading);
            std::string unique = anchor;
            for (int n = 1; std::ranges::find(found.anchors, unique) != found.anchors.end(); ++n)
                unique = anchor + '-' + std::to_string(n);
            found.anchors.push_back(unique);
        } else if (!line.starts_with("    ")) {
            for (std::string& target : targets_in(line)) found.links.push_back({std::move(target), i + 1});
        }
    }
    return found;
}

/// Whether a source has these lines one after the other, from `at` on, all of them indented alike.
inline bool stands_at(lines const& source, std::size_t at, lines const& part)
{
    if (part.size() > source.size() - at) return false;
    std::string_view const first = source[at];
    if (!first.ends_with(part[0])) return false;
    std::string const indent{first.substr(0, first.size() - part[0].size())};
    if (indent.find_first_not_of(' ') != std::string::npos) return false;
    for (std::size_t i = 0; i < part.size(); ++i)
        if (source[at + i] != indent + part[i]) return false;
    return true;
}

/// Whether a block is an excerpt of a source: each of its parts, which are separated by blank lines and by "...", in
/// order.
inline bool is_excerpt(lines const& block, lines const& source)
{
    std::size_t at = 0;
    lines part;
    auto const found = [&] {
        if (part.empty()) return true;
        while (at < source.size() && !stands_at(source, at, part)) ++at;
        if (at == source.size()) return false;
        at += part.size();
        part.clear();
        return true;
    };
    for (std::string const& line : block) {
        bool const gap = line.find_first_not_of(' ') == std::string::npos || line.ends_with("    ...") || line == "...";
        if (!gap)
            part.push_back(line);
        else if (!found())
            return false;
    }
    return found();
}

}  // namespace documentation
