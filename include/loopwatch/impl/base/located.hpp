// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "malloced.hpp"

#include <cstdlib>
#include <string>

#if LOOPWATCH_HAS_FORK()
#include <unistd.h>
#else
#include "opened_file.hpp"
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// The few operations on paths that are needed. <filesystem> takes a third of a second to compile, and its path class is
// two hundred functions.

/// The file's absolute path, with links resolved; "" if there is no such file. Debug information has paths as compilers
/// were given them: relative ones are resolved from the current folder, as terminals do.
inline std::string located([[maybe_unused]] std::string const& file)
{
#if LOOPWATCH_HAS_FORK()
    malloced const path{::realpath(file.c_str(), nullptr)};
    return path.get() != nullptr ? std::string{path.get()} : std::string{};
#else
    return {};
#endif
}

/// The folder that the file lies in.
inline std::string folder_of(std::string const& file)
{
    std::size_t const end = file.rfind('/');
    if (end == file.npos) return ".";
    return file.substr(0, end == 0 ? 1 : end);
}

/// The absolute path of a file that exists or is going to be created, valid also after the program has changed its
/// current folder. A link is resolved. `file` unchanged where the path can't be found out.
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
    return opened_file{file}.get() != nullptr;
#endif
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
