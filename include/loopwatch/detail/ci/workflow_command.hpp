// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../config.hpp"
#include "../duration_text.hpp"
#include "../formatted.hpp"
#include "../report_text.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// GitHub's commands: "::error file=app.js,line=1,title=Title::message", each a line of a step's output
// (docs.github.com, "Workflow commands for GitHub Actions"). What is escaped, and how, is said by its own toolkit:
// escapeData() and escapeProperty() in actions/toolkit, packages/core/src/command.ts.

/// What stands behind the "::".
inline std::string escaped_data(std::string_view text)
{
    std::string out;
    for (char const c : text) {
        switch (c) {
            case '%': out += "%25"; break;
            case '\r': out += "%0D"; break;
            case '\n': out += "%0A"; break;
            default: out += c;
        }
    }
    return out;
}

/// The value of a property: in it ':' would end the command's head, and ',' the property.
inline std::string escaped_property(std::string_view text)
{
    std::string out;
    for (char const c : escaped_data(text)) {
        switch (c) {
            case ':': out += "%3A"; break;
            case ',': out += "%2C"; break;
            default: out += c;
        }
    }
    return out;
}

/// The path as GitHub shows files of a repository: from its root on, if it is within. Compilers note paths as they were
/// given them, with any number of "build/../", or from a folder on that nobody knows: of such a path what comes behind
/// its "../../" is taken, if there is such a file in the workspace.
inline std::string path_within(std::string_view file, std::string_view workspace)
{
    auto const plain = std::filesystem::path{file}.lexically_normal();
    if (workspace.empty()) return plain.generic_string();
    std::filesystem::path inside;
    if (plain.is_absolute()) {
        inside = plain.lexically_relative(std::filesystem::path{workspace}.lexically_normal());
        if (!inside.empty() && *inside.begin() != "..") return inside.generic_string();
    } else {
        for (auto const& part : plain)
            if (!inside.empty() || part != "..") inside /= part;
        std::error_code failed;
        if (std::filesystem::exists(workspace / inside, failed)) return inside.generic_string();
    }
    return plain.generic_string();
}

/// The line that makes GitHub show a block at the culprit's line, ended.
inline std::string annotation(block_report const& report, std::string_view workspace)
{
    frame const* const culprit = report.culprit();
    std::string properties;
    if (culprit != nullptr && !culprit->file.empty()) {
        properties = "file=" + escaped_property(path_within(culprit->file, workspace)) + ',';
        if (culprit->line > 0) properties += formatted("line={},", {culprit->line});
    }
    std::string const name = report.loop.empty() ? std::string{} : formatted(" \"{}\"", {report.loop});
    properties += "title=" + escaped_property(formatted("Event loop{} blocked for {} (threshold {})",
                                                        {name, length_text(report), duration_text(report.threshold)}));
    std::string message = why_text(report);
    if (culprit != nullptr) message += "\nculprit: " + name_of(*culprit);
    if (!report.fix.empty()) message += "\nfix: " + report.fix;
    return formatted("::error {}::{}\n", {properties, escaped_data(message)});
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
