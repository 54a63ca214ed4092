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

/// The checksum of .gnu_debuglink: CRC-32 as in gzip.
class crc32_sum {
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

/// Opens a file for reading if its checksum is `expected`; -1 otherwise.
inline int open_if_sum_matches(std::string const& path, std::uint32_t expected)
{
    int const file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    crc32_sum sum;
    fixed<unsigned char, 1 << 15> some{};
    ::ssize_t count = 0;
    while ((count = ::read(file, some.data(), some.size())) > 0) sum.add(some.data(), static_cast<std::size_t>(count));
    if (count == 0 && sum.value() == expected && ::lseek(file, 0, SEEK_SET) == 0) return file;
    ::close(file);
    return -1;
}

/// Opens the file that a module's .gnu_debuglink names, -1 if there is none; `*found` gets its path, from malloc().
/// Looks beside the module, in .debug, and in /usr/lib/debug, as gdb does.
inline int find_linked_file(std::string const& module, char const* link, std::uint32_t sum, char** found)
{
    malloced const resolved{::realpath(module.c_str(), nullptr)};  // /proc/self/exe
    std::string const real = resolved.get() != nullptr ? resolved.get() : module;
    std::string const folder = real.substr(0, real.rfind('/') + 1);
    for (std::string const& path : {folder + link, folder + ".debug/" + link, "/usr/lib/debug" + folder + link}) {
        if (path == real) continue;
        int const file = open_if_sum_matches(path, sum);
        if (file < 0) continue;
        *found = ::strdup(path.c_str());
        return file;
    }
    return -1;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
