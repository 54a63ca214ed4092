// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/catch.hpp"

#include <cstdio>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <sys/wait.h>

/// How a program ended that is a suite of tests, and what it printed.
struct ended {
    int status;
    std::string output;

    [[nodiscard]] bool well() const { return status == 0; }
    /// By an exit code, and not by a signal.
    [[nodiscard]] bool badly() const { return WIFEXITED(status) && WEXITSTATUS(status) != 0; }
};

inline ended run(std::string const& program, std::string const& arguments, std::string const& mode = "")
{
    std::string const command = "SUITE_MODE=" + mode + " exec timeout 60 '" + program + "' " + arguments + " 2>&1";
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string output;
    char buffer[4096];
    while (auto const size = std::fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, size);
    return {::pclose(pipe), output};
}

inline std::size_t count(std::string_view text, std::string_view what)
{
    std::size_t n = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) ++n;
    return n;
}
inline bool has(std::string_view text, std::string_view what) { return text.find(what) != text.npos; }

inline std::vector<std::string> lines_of_reports(std::string const& output)
{
    std::vector<std::string> lines;
    std::istringstream in{output};
    bool in_report = false;
    for (std::string line; std::getline(in, line);) {
        in_report = in_report || has(line, "loop blocked: ");
        if (in_report) lines.push_back(line);
        if (has(line, "  fix  ")) in_report = false;
    }
    return lines;
}

/// From what opens a test case to the next one's.
inline std::string part(std::string_view xml, std::string_view from, std::string_view next)
{
    auto const begin = xml.find(from);
    if (begin == xml.npos) return {};
    return std::string{xml.substr(begin, xml.find(next, begin + 1) - begin)};
}
inline std::string xml_case(std::string_view xml, std::string const& name)
{
    return part(xml, "<TestCase name=\"" + name + '"', "<TestCase ");
}

// --- what holds of every suite ---

/// The options of the watch. `blocked` and `free` run a test that blocks, and one that does not, in a mode.
template <typename Blocked, typename Free>
void check_options(Blocked const& blocked, Free const& free)
{
    auto const logged = blocked("log");
    CHECK(logged.well());
    CHECK(count(logged.output, "loop blocked: ") == 1);

    auto const excused = blocked("excuse");
    CHECK(excused.well());
    CHECK(count(excused.output, "not blamed") == 1);

    auto const bad = free("bad");
    CHECK_FALSE(bad.well());
    CHECK(has(bad.output, "loopwatch: options.threshold must be above zero, but is -1 ms"));
}

/// A run of two tests, all of which are watched: one of them has no loop.
inline void check_one_without_loop(ended const& it, std::string const& name)
{
    CHECK(has(it.output, "loopwatch: in 1 of 2 tests no loop was watched"));
    CHECK(has(it.output, "\n    " + name + "\n"));
}

/// A test that dies does not hang in its watch.
inline void check_dies(ended const& it)
{
    CHECK_FALSE(it.well());
    CHECK_FALSE((WIFEXITED(it.status) && WEXITSTATUS(it.status) == 124));  // of `timeout`
    CHECK(has(it.output, "SIGSEGV"));
}
