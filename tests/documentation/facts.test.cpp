// SPDX-License-Identifier: BSL-1.0

// Lists on the pages that the code has, too: nothing is missing there.
#include "documentation/support/page.hpp"

#include "support/catch.hpp"

#include <loopwatch/cause.hpp>
#include <loopwatch/impl/environment/parse_settings.hpp>

#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <string_view>

namespace fs = std::filesystem;

namespace {

fs::path const root{LOOPWATCH_SOURCE_DIR};

std::string read(fs::path const& file)
{
    std::string all;
    for (std::string const& line : documentation::read_lines(root / file)) (all += line) += '\n';
    return all;
}

/// What the first group of the expression matches in the text, wherever that is.
std::set<std::string> all_in(std::string const& text, char const* expression)
{
    std::regex const pattern{expression};
    std::set<std::string> found;
    for (std::sregex_iterator at{text.begin(), text.end(), pattern}, end; at != end; ++at) found.insert((*at)[1]);
    return found;
}

/// The same in all files with this extension below a folder.
std::set<std::string> all_below(char const* folder, char const* extension, char const* expression)
{
    std::set<std::string> found;
    for (auto const& each : fs::recursive_directory_iterator{root / folder})
        if (each.path().extension() == extension)
            found.merge(all_in(read(fs::relative(each.path(), root)), expression));
    return found;
}

}  // namespace

TEST_CASE("every key of LOOPWATCH_OPTIONS is on the page of options")
{
    auto const page = read("docs/options.md");
    std::string const keys = page.substr(page.find("## Without recompiling"));
    for (auto const& key : loopwatch::detail::setting_keys) {
        INFO(key.name);
        CHECK_THAT(keys, contains('`' + std::string{key.name} + '`'));
    }
}

TEST_CASE("every member of options is on the page of options")
{
    auto const header = read("include/loopwatch/options.hpp");
    auto const begin = header.find("struct options {");
    auto const members =
        all_in(header.substr(begin, header.find("\n};", begin) - begin), "\n    [a-z][^\n/]* (\\w+)\\{");
    CHECK(members.size() >= 10);
    auto const page = read("docs/options.md");
    std::string const fields = page.substr(0, page.find("## Without recompiling"));
    for (std::string const& member : members) {
        INFO(member);
        CHECK_THAT(fields, contains("\n| `" + member + "` | "));
    }
}

TEST_CASE("every cause is on the page of reports")
{
    auto const page = read("docs/reports.md");
    for (loopwatch::cause const each : loopwatch::all_causes) {
        INFO(to_string(each));
        CHECK_THAT(page, contains("\n| `" + std::string{to_string(each)} + "` | "));
    }
}

TEST_CASE("every public header is in the reference")
{
    auto const page = read("docs/reference.md");
    for (auto const& each : fs::directory_iterator{root / "include" / "loopwatch"}) {
        if (each.is_directory()) continue;
        INFO(each.path());
        CHECK_THAT(page, contains('`' + each.path().filename().string() + '`'));
    }
}

TEST_CASE("every environment variable that is read is named in SECURITY.md")
{
    auto const page = read("SECURITY.md");
    auto const variables = all_below("include", ".hpp", "variable\\(\"(\\w+)\"\\)");
    CHECK(variables.size() >= 10);
    for (std::string const& variable : variables) {
        INFO(variable);
        CHECK_THAT(page, contains('`' + variable + '`'));
    }
}

TEST_CASE("./dev has every command that a page names")
{
    auto const dev = read("dev");
    constexpr char const* command_of_dev = "\\./dev ([a-z]+)";
    std::set<std::string> commands;
    for (char const* page : {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"})
        commands.merge(all_in(read(page), command_of_dev));
    for (char const* folder : {"docs", "examples"}) commands.merge(all_below(folder, ".md", command_of_dev));
    CHECK(commands.size() >= 8);
    for (std::string const& command : commands) {
        INFO(command);
        CHECK_THAT(dev, contains("\n./dev " + command + ' '));
    }
}
