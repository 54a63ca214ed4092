// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <cstddef>
#include <cstdio>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A file that is read, and closed in the end.
class opened_file {
public:
    explicit opened_file(std::string const& name) : file_{std::fopen(name.c_str(), "rb")} {}
    opened_file(opened_file const&) = delete;
    opened_file& operator=(opened_file const&) = delete;
    ~opened_file()
    {
        if (file_ != nullptr) std::fclose(file_);
    }

    /// Null if it could not be opened: errno says why.
    [[nodiscard]] std::FILE* get() const { return file_; }
    [[nodiscard]] bool has_failed() const { return std::ferror(file_) != 0; }

    /// Appends the next bytes, so many at most; returns how many there were. No buffer on the stack, which may be
    /// small.
    template <typename Bytes>
    std::size_t read_to(Bytes& to, std::size_t most) const
    {
        std::size_t const size = to.size();
        to.resize(size + most);
        std::size_t const got = std::fread(to.data() + size, 1, most, file_);
        to.resize(size + got);
        return got;
    }

private:
    std::FILE* const file_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
