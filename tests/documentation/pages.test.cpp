// SPDX-License-Identifier: BSL-1.0
#include "documentation/support/page.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace fs = std::filesystem;
using documentation::lines;

namespace {

fs::path const root{LOOPWATCH_SOURCE_DIR};

std::vector<fs::path> files_below(fs::path const& folder, std::string const& extension)
{
    std::vector<fs::path> all;
    for (auto const& each : fs::recursive_directory_iterator{folder})
        if (each.path().extension() == extension) all.push_back(each.path());
    std::ranges::sort(all);
    return all;
}

/// Every page of the repository, but for what is fetched or built below it.
std::vector<fs::path> all_pages()
{
    std::vector<fs::path> all;
    for (auto const& each : fs::directory_iterator{root})
        if (each.path().extension() == ".md") all.push_back(each.path());
    for (char const* folder : {"docs", "examples"})
        for (fs::path& each : files_below(root / folder, ".md")) all.push_back(std::move(each));
    return all;
}

/// "" if a link leads somewhere, else what is wrong with it.
std::string wrong_with(std::string const& target, fs::path const& on)
{
    if (target.find("://") != std::string::npos) return {};
    auto const hash = std::min(target.find('#'), target.size());
    fs::path const file = hash == 0 ? on : on.parent_path() / target.substr(0, hash);
    if (!fs::exists(file)) return "there is no such file";
    if (hash == target.size()) return {};
    auto const anchors = documentation::parse(documentation::read_lines(file)).anchors;
    bool const found = std::ranges::find(anchors, target.substr(hash + 1)) != anchors.end();
    return found ? "" : "the page has no such heading";
}

std::string place(fs::path const& file, std::size_t line)
{
    return fs::relative(file, root).string() + ':' + std::to_string(line);
}

}  // namespace

TEST_CASE("links are found, but not in code")
{
    auto const page = documentation::parse(
        {"[a](b.md) and ![c](d.svg), `[](int x)`, [`e`](f#g)", "```cpp", "[](int y)", "```", "    [](int z)"});
    REQUIRE(page.links.size() == 3);
    CHECK(page.links[0].target == "b.md");
    CHECK(page.links[1].target == "d.svg");
    CHECK(page.links[2].target == "f#g");
}

TEST_CASE("headings have GitHub's anchors")
{
    auto const page = documentation::parse({"# What it can't see", "## `a_b`: 1, 2", "## Use", "## Use"});
    CHECK(page.anchors == lines{"what-it-cant-see", "a_b-1-2", "use", "use-1"});
}

TEST_CASE("a missing page and a missing heading are found")
{
    CHECK(wrong_with("README.md", root / "README.md").empty());
    CHECK(wrong_with("../README.md#contents", root / "docs" / "faq.md").empty());
    CHECK(wrong_with("#no-such-heading", root / "README.md") == "the page has no such heading");
    CHECK(wrong_with("faq.md", root / "README.md") == "there is no such file");
}

TEST_CASE("an excerpt is in order, and indented alike")
{
    lines const source{"int f()", "{", "    int a;", "    int b;", "    {", "        int c;", "    }", "}"};
    CHECK(documentation::is_excerpt({"int a;", "int b;"}, source));
    CHECK(documentation::is_excerpt({"int f()", "", "int b;", "...", "int c;"}, source));
    CHECK(documentation::is_excerpt({"{", "    int a;", "    ...", "    {"}, source));
    CHECK_FALSE(documentation::is_excerpt({"int a;", "{"}, source));
    CHECK_FALSE(documentation::is_excerpt({"int b;", "", "int a;"}, source));
    CHECK_FALSE(documentation::is_excerpt({"int a;", " int b;"}, source));
    CHECK_FALSE(documentation::is_excerpt({"a;"}, source));
    CHECK_FALSE(documentation::is_excerpt({"}", "int d;"}, source));
}

TEST_CASE("every link leads somewhere")
{
    for (fs::path const& file : all_pages())
        for (auto const& link : documentation::parse(documentation::read_lines(file)).links) {
            INFO(place(file, link.line) << ": " << link.target << ": " << wrong_with(link.target, file));
            CHECK(wrong_with(link.target, file).empty());
        }
}

TEST_CASE("the README leads to every page")
{
    auto const links = documentation::parse(documentation::read_lines(root / "README.md")).links;
    for (fs::path const& file : all_pages()) {
        std::string const name = fs::relative(file, root).generic_string();
        if (name == "README.md" || name.starts_with("examples/")) continue;
        INFO(name);
        CHECK(std::ranges::any_of(links, [&](auto const& link) { return link.target == name; }));
    }
}

TEST_CASE("C++ on the pages is compiled")
{
    std::vector<lines> sources;
    for (fs::path const& folder : {root / "examples", root / "tests" / "documentation"})
        for (char const* extension : {".cpp", ".hpp"})
            for (fs::path const& file : files_below(folder, extension))
                sources.push_back(documentation::read_lines(file));
    std::size_t blocks = 0;
    for (fs::path const& file : all_pages())
        for (auto const& block : documentation::parse(documentation::read_lines(file)).blocks) {
            if (block.language != "cpp") continue;
            ++blocks;
            INFO(place(file, block.line));
            CHECK(std::ranges::any_of(
                sources, [&](lines const& source) { return documentation::is_excerpt(block.text, source); }));
        }
    CHECK(blocks > 10);
}

TEST_CASE("how the README says to build is on the page of building")
{
    auto const page = documentation::read_lines(root / "docs" / "building.md");
    std::size_t commands = 0;
    for (std::string const& line : documentation::read_lines(root / "README.md")) {
        if (line.find("](docs/building.md#") == std::string::npos) continue;
        for (std::string const& code : documentation::code_in(line)) {
            ++commands;
            INFO(code);
            CHECK(std::ranges::any_of(page, [&](auto const& on) { return on.find(code) != std::string::npos; }));
        }
    }
    CHECK(commands > 6);
}

TEST_CASE("the program that opens the README is an example, to the letter")
{
    auto const blocks = documentation::parse(documentation::read_lines(root / "README.md")).blocks;
    lines program = documentation::read_lines(root / "examples" / "minimal.cpp");
    program.erase(program.begin());  // its license
    REQUIRE_FALSE(blocks.empty());
    CHECK(blocks[0].text == program);
}
