// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

/// What a program prints. Throws: std::runtime_error if it fails.
inline std::string output_of(std::string const& command)
{
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> out{::popen(command.c_str(), "r"), &::pclose};
    if (!out) throw std::runtime_error{"can't run " + command};
    std::string text;
    for (int c = 0; (c = std::fgetc(out.get())) != EOF;) text += static_cast<char>(c);
    if (::pclose(out.release()) != 0) throw std::runtime_error{"failed: " + command};
    return text;
}
