// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/process_id.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <string>

#if LOOPWATCH_HAS_FORK()
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A lock held by the process that changes a file in a folder. It is on the folder: the file is replaced each time, and
/// a separate lock file would be left over in the user's repository. Where a folder can't be locked, as on some network
/// file systems, processes that record at the same moment may lose blocks of each other.
class folder_lock {
public:
    /// Throws: std::runtime_error if the lock is held for two seconds, so by another program: `flock . make check`.
    explicit folder_lock([[maybe_unused]] std::string const& folder)
    {
#if LOOPWATCH_HAS_FORK()
        file_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (int tries = 0; file_ >= 0 && !locked(); ++tries) {
            if (tries == most_tries) {
                ::close(file_);
                throw std::runtime_error{"another program holds the lock of its folder"};
            }
            ::nanosleep(&pause, nullptr);
        }
#endif
    }
    folder_lock(folder_lock const&) = delete;
    folder_lock& operator=(folder_lock const&) = delete;
    ~folder_lock()
    {
#if LOOPWATCH_HAS_FORK()
        if (file_ < 0) return;
        ::flock(file_, LOCK_UN);  // close() does not unlock if a forked process has it open, too
        ::close(file_);
#endif
    }

private:
#if LOOPWATCH_HAS_FORK()
    static constexpr timespec pause{0, 5'000'000};
    static constexpr int most_tries = 400;  // two seconds

    /// True also where folders can't be locked.
    [[nodiscard]] bool locked() const { return ::flock(file_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK; }
#endif

    [[maybe_unused]] int file_{-1};
};

/// Creates a file for writing; null on failure. Never opens an existing one: its name is predictable, so it could be
/// another user's link to some other file.
inline std::FILE* make_file(std::string const& name)
{
#if LOOPWATCH_HAS_FORK()
    auto const make = [&] { return ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666); };
    int made = make();
    // Left over from a crashed process with the same number.
    if (made < 0 && errno == EEXIST && ::unlink(name.c_str()) == 0) made = make();
    return made < 0 ? nullptr : ::fdopen(made, "wb");
#else
    return std::fopen(name.c_str(), "wb");
#endif
}

/// Replaces a file's contents; readers see all of the old text or all of the new. The caller holds its folder_lock.
///
/// Throws: std::runtime_error that says why it can't be written.
inline void replace_file(std::string const& file, std::string const& text)
{
    std::string const fresh = file + '.' + std::to_string(process_id()) + ".tmp";
    std::FILE* const to = make_file(fresh);
    bool good = to != nullptr && std::fwrite(text.data(), 1, text.size(), to) == text.size();
    int error = errno;
    if (to != nullptr && std::fclose(to) != 0 && good) {
        good = false;
        error = errno;
    }
#if !LOOPWATCH_HAS_FORK()
    if (good) std::remove(file.c_str());  // outside of POSIX rename() may refuse to replace it
#endif
    if (good && std::rename(fresh.c_str(), file.c_str()) == 0) return;
    if (good) error = errno;
    if (to != nullptr) std::remove(fresh.c_str());
    throw std::runtime_error{std::strerror(error)};  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
