// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/write_whole.hpp"

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#if LOOPWATCH_HAS_FORK()
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#else
#include <cstdio>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Throws: std::system_error, with errno, that names the file.
[[noreturn]] inline void throw_errno(std::string_view what, std::string const& file)
{
    int const error = errno;
    throw std::system_error{error, std::generic_category(), "loopwatch: can't " + std::string{what} + ' ' + file};
}

#if LOOPWATCH_HAS_FORK()

/// A file to which whole texts are appended, by one system call each, so that several processes may share it. It is
/// opened anew after an error, and where it was deleted; one that was only renamed is written to until reopen().
class log_file {
public:
    /// Creates the file if there is none. Throws: std::system_error that names it.
    explicit log_file(std::string path) : path_{std::move(path)}
    {
        if (!opened()) throw_errno("open", path_);
    }
    log_file(log_file const&) = delete;
    log_file& operator=(log_file const&) = delete;
    ~log_file() { close(); }

    [[nodiscard]] std::string const& path() const { return path_; }

    /// Throws: std::system_error that names the file: not all of it was written. Then nothing of it stays in a regular
    /// file that no other process writes to.
    void append(std::string_view text)
    {
        if ((is_suspect_ || is_deleted()) && !opened() && (file_ < 0 || is_deleted())) throw_errno("open", path_);
        std::int64_t const before = size();
        if (write_whole(file_, text)) return;
        int const error = errno;
        is_suspect_ = true;
        remove_part(before, text.size());
        errno = error;
        throw_errno("write to", path_);
    }

    /// Opens the path anew. If that fails the old file is written to, and opening is tried before each write.
    ///
    /// Throws: std::system_error that names the file.
    void reopen()
    {
        if (!opened()) throw_errno("open", path_);
    }

    /// In bytes; 0 if it is no regular file.
    [[nodiscard]] std::int64_t size() const
    {
        struct stat is{};
        return ::fstat(file_, &is) == 0 && S_ISREG(is.st_mode) ? static_cast<std::int64_t>(is.st_size) : 0;
    }

    /// Whether the path now leads to another file, or to none.
    [[nodiscard]] bool is_elsewhere() const
    {
        struct stat is{};
        struct stat there{};
        return ::fstat(file_, &is) != 0 || ::stat(path_.c_str(), &there) != 0 || is.st_dev != there.st_dev ||
               is.st_ino != there.st_ino;
    }

private:
    /// False, with errno: it can't be opened; what was open stays so.
    bool opened()
    {
        // A pipe that nobody reads must not keep us waiting here, so: O_NONBLOCK. Writing may wait, on the sink's
        // thread.
        int const fresh =
            ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
        is_suspect_ = fresh < 0;
        if (fresh < 0) return false;
        ::fcntl(fresh, F_SETFL, O_APPEND);
        close();
        file_ = fresh;
        return true;
    }

    void close()
    {
        if (file_ >= 0) ::close(std::exchange(file_, -1));
    }

    [[nodiscard]] bool is_deleted() const
    {
        struct stat is{};
        return file_ >= 0 && ::fstat(file_, &is) == 0 && S_ISREG(is.st_mode) && is.st_nlink == 0;
    }

    /// What a full disk left of a text would spoil the next line as well.
    void remove_part(std::int64_t before, std::size_t most) const
    {
        std::int64_t const now = size();
        if (now > before && now - before < static_cast<std::int64_t>(most))
            static_cast<void>(!::ftruncate(file_, static_cast<off_t>(before)));
    }

    std::string path_;
    int file_{-1};
    bool is_suspect_{false};  // to be opened anew
};

#else

/// A file to which texts are appended.
class log_file {
public:
    /// Creates the file if there is none. Throws: std::system_error that names it.
    explicit log_file(std::string path) : path_{std::move(path)} { reopen(); }
    log_file(log_file const&) = delete;
    log_file& operator=(log_file const&) = delete;
    ~log_file() { close(); }

    [[nodiscard]] std::string const& path() const { return path_; }

    /// Throws: std::system_error that names the file: not all of it was written.
    void append(std::string_view text)
    {
        if (file_ == nullptr) reopen();
        bool const written = std::fwrite(text.data(), 1, text.size(), file_) == text.size();
        if (std::fflush(file_) == 0 && written) return;
        int const error = errno;
        close();
        errno = error;
        throw_errno("write to", path_);
    }

    /// Throws: std::system_error that names the file.
    void reopen()
    {
        close();
        file_ = std::fopen(path_.c_str(), "ab");
        if (file_ == nullptr) throw_errno("open", path_);
    }

    /// In bytes.
    [[nodiscard]] std::int64_t size() const
    {
        return file_ != nullptr && std::fseek(file_, 0, SEEK_END) == 0 ? std::ftell(file_) : 0;
    }

    /// Not known here.
    [[nodiscard]] bool is_elsewhere() const { return false; }

    /// An open file can't be renamed here.
    void close()
    {
        if (file_ != nullptr) std::fclose(std::exchange(file_, nullptr));
    }

private:
    std::string path_;
    std::FILE* file_{nullptr};
};

#endif

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
