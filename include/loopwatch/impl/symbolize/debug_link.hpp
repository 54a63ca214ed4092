// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/fixed.hpp"
#include "../base/malloced.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The sum that .gnu_debuglink has of its file: that of gzip.
class file_sum {
public:
    void add(unsigned char const* bytes, std::size_t size)
    {
        for (std::size_t i = 0; i < size; ++i) sum_ = table()[(sum_ ^ bytes[i]) & 0xff] ^ (sum_ >> 8);
    }
    [[nodiscard]] std::uint32_t value() const { return ~sum_; }

private:
    static fixed<std::uint32_t, 256> const& table()
    {
        static constexpr auto all = [] {
            fixed<std::uint32_t, 256> t{};
            for (std::uint32_t i = 0; i < t.size(); ++i) {
                std::uint32_t c = i;
                for (int bit = 0; bit < 8; ++bit) c = (c & 1) != 0 ? 0xedb88320U ^ (c >> 1) : c >> 1;
                t[i] = c;
            }
            return t;
        }();
        return all;
    }

    std::uint32_t sum_{~std::uint32_t{0}};
};

/// Opens a file if this is its sum; -1 otherwise.
inline int open_if_it_sums_to(std::string const& path, std::uint32_t expected)
{
    int const file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    file_sum sum;
    fixed<unsigned char, 1 << 15> some{};
    ::ssize_t count = 0;
    while ((count = ::read(file, some.data(), some.size())) > 0) sum.add(some.data(), static_cast<std::size_t>(count));
    if (count == 0 && sum.value() == expected && ::lseek(file, 0, SEEK_SET) == 0) return file;
    ::close(file);
    return -1;
}

/// The file that a module's .gnu_debuglink names: beside it, in .debug, and where distributions put it, as for gdb.
inline int find_linked_file(std::string const& module, char const* link, std::uint32_t sum, char** found)
{
    malloced const resolved{::realpath(module.c_str(), nullptr)};  // /proc/self/exe
    std::string const real = resolved.get() != nullptr ? resolved.get() : module;
    std::string const folder = real.substr(0, real.rfind('/') + 1);
    for (std::string const& path : {folder + link, folder + ".debug/" + link, "/usr/lib/debug" + folder + link}) {
        if (path == real) continue;
        int const file = open_if_it_sums_to(path, sum);
        if (file < 0) continue;
        *found = ::strdup(path.c_str());
        return file;
    }
    return -1;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
