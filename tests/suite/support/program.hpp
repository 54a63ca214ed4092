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
