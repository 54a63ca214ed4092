// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "malloced.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

#if LOOPWATCH_HAS_FORK()
#include <unistd.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// Paths, as far as they are needed. <filesystem> takes a third of a second to read, and its path is two hundred
// functions.

/// The file's path from the root on; "" if there is no such file. Debug information has paths as compilers were given
/// them: one that begins with no '/' is looked for from the current folder on, as terminals themselves do.
inline std::string located([[maybe_unused]] std::string const& file)
{
#if LOOPWATCH_HAS_FORK()
    malloced const path{::realpath(file.c_str(), nullptr)};
    return path.get() != nullptr ? std::string{path.get()} : std::string{};
#else
    return {};
#endif
}

/// The one that it lies in.
inline std::string folder_of(std::string const& file)
{
    std::size_t const end = file.rfind('/');
    if (end == file.npos) return ".";
    return file.substr(0, end == 0 ? 1 : end);
}

/// Where it is, or is going to be, also after the program has changed its folder; the file itself if it is a link.
/// As it stands, where that can't be found out.
inline std::string final_path(std::string const& file)
{
    if (std::string there = located(file); !there.empty()) return there;
    std::string const folder = located(folder_of(file));
    if (folder.empty()) return file;
    std::size_t const end = file.rfind('/');
    return (folder == "/" ? folder : folder + '/') + file.substr(end == file.npos ? 0 : end + 1);
}

inline bool is_on_disk(std::string const& file)
{
#if LOOPWATCH_HAS_FORK()
    return ::access(file.c_str(), F_OK) == 0;
#else
    std::FILE* const opened = std::fopen(file.c_str(), "rb");
    if (opened == nullptr) return false;
    std::fclose(opened);
    return true;
#endif
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
