// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../base/duration_text.hpp"
#include "../base/formatted.hpp"
#include "../base/located.hpp"
#include "../base/many.hpp"
#include "../report/report_text.hpp"

#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// GitHub's workflow commands, "::error file=app.js,line=1,title=Title::message", are lines of a step's output
// (docs.github.com, "Workflow commands for GitHub Actions"). Escaping is as in GitHub's toolkit: escapeData() and
// escapeProperty() in actions/toolkit, packages/core/src/command.ts.

/// Escapes the message after the last "::".
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

/// Escapes the value of a property, where ':' would end the properties, and ',' this one.
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

/// The parts of a path, without ".", and with ".." only at its beginning.
inline many<std::string_view> parts_of(std::string_view path)
{
    bool const from_root = path.starts_with('/');
    many<std::string_view> parts;
    while (!path.empty()) {
        std::string_view const part = path.substr(0, path.find('/'));
        path.remove_prefix(part.size() == path.size() ? part.size() : part.size() + 1);
        if (part.empty() || part == ".") continue;
        bool const goes_up = part == "..";
        if (goes_up && !parts.empty() && parts.back() != "..")
            parts.pop_back();
        else if (!goes_up || !from_root)
            parts.push_back(part);
    }
    return parts;
}

inline std::string joined(view<std::string_view const> parts)
{
    std::string path;
    for (std::string_view const part : parts) {
        if (!path.empty()) path += '/';
        path += part;
    }
    return path;
}

/// A file's path relative to the workspace, as GitHub needs it; normalized, if it is outside. Compilers record paths as
/// they were given them, with any number of "build/../", or relative to an unknown folder: of such a path the part
/// after its "../../" is taken, if the workspace has such a file.
inline std::string path_within(std::string_view file, std::string_view workspace)
{
    auto const parts = parts_of(file);
    std::size_t outside = 0;
    if (file.starts_with('/')) {
        auto const around = parts_of(workspace);
        while (outside < around.size() && outside < parts.size() && parts[outside] == around[outside]) ++outside;
        bool const within = workspace.starts_with('/') && outside == around.size() && outside < parts.size();
        return within ? joined(view{parts}.subspan(outside)) : '/' + joined(parts);
    }
    while (outside < parts.size() && parts[outside] == "..") ++outside;
    std::string const inside = joined(view{parts}.subspan(outside));
    bool const found = !workspace.empty() && is_on_disk((std::string{workspace} += '/') += inside);
    return found ? inside : joined(parts);
}

/// The command that makes GitHub show a block at its culprit's line, with a line end.
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
