// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../detail/config.hpp"
#include "log_file.hpp"
#include "serial_sink.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Appends to a file, and begins it anew before it grows too large.
class rotating_sink final : public serial_sink {
public:
    using format = std::string (*)(block_notice const&);

    rotating_sink(std::string path, std::uint64_t max_size, unsigned max_files, format how)
        : file_{std::move(path)}, max_size_{max_size}, max_files_{max_files}, format_{how}
    {
    }

private:
    void write_one(block_notice const& notice) override
    {
        std::string const text = format_(notice);
        auto const size = static_cast<std::uint64_t>(file_.size());
        if (size > 0 && size + text.size() > max_size_) rotate();
        file_.append(text);
    }
    void reopen_file() override { file_.reopen(); }

    [[nodiscard]] std::string path_of(unsigned number) const
    {
        return number == 0 ? file_.path() : file_.path() + '.' + std::to_string(number);
    }

    /// Throws: std::system_error: what is to be kept can't be renamed, or the file can't be made.
    void rotate()
    {
        if (file_.is_elsewhere()) return file_.reopen();  // somebody has rotated it, or deleted it
#if !LOOPWATCH_HAS_FORK()
        file_.close();
#endif
        std::remove(path_of(max_files_ - 1).c_str());  // with one file it is this one
        // A gap, where somebody has deleted a file, stays one.
        for (unsigned number = max_files_ - 1; number-- > 0;)
            if (std::rename(path_of(number).c_str(), path_of(number + 1).c_str()) != 0 && errno != ENOENT)
                throw_errno("rename", path_of(number));
        file_.reopen();
        if (file_.size() > 0) {
            errno = EEXIST;
            throw_errno("begin anew", file_.path());
        }
    }

    log_file file_;
    std::uint64_t max_size_;
    unsigned max_files_;
    format format_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
