// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/view.hpp"

#include <cstddef>
#include <cstring>
#include <string_view>

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// All symbols of a program or a shared library, as its file has them. Empty if they were stripped, or it can't be
/// read.
class symbol_table {
public:
    explicit symbol_table(char const* path)
    {
        int const file = ::open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0) return;
        struct ::stat status{};
        if (::fstat(file, &status) == 0 && status.st_size > 0) {
            size_ = static_cast<std::size_t>(status.st_size);
            void* const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
            file_ = mapped == MAP_FAILED ? nullptr : static_cast<char const*>(mapped);
        }
        ::close(file);
        if (file_ != nullptr) find();
    }
    symbol_table(symbol_table const&) = delete;
    symbol_table& operator=(symbol_table const&) = delete;
    ~symbol_table()
    {
        if (file_ != nullptr) ::munmap(const_cast<char*>(file_), size_);
    }

    /// Calls see(std::string_view name, unsigned char info) for each symbol that is defined there.
    template <typename See>
    void each(See const& see) const
    {
        for (ElfW(Sym) const& one : symbols_) {
            if (one.st_shndx == SHN_UNDEF || one.st_name >= names_.size()) continue;
            see(std::string_view{names_.data() + one.st_name}, one.st_info);
        }
    }

private:
    /// Nothing where the file has no such place.
    template <typename T>
    view<T const> at(std::size_t offset, std::size_t count) const
    {
        if (offset > size_ || offset % alignof(T) != 0 || count > (size_ - offset) / sizeof(T)) return {};
        return {reinterpret_cast<T const*>(file_ + offset), count};
    }

    void find()
    {
        auto const header = at<ElfW(Ehdr)>(0, 1);
        if (header.empty() || std::memcmp(header[0].e_ident, ELFMAG, SELFMAG) != 0) return;
        if (header[0].e_ident[EI_CLASS] != (sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32)) return;
        auto const sections = at<ElfW(Shdr)>(header[0].e_shoff, header[0].e_shnum);
        for (ElfW(Shdr) const& each : sections) {
            if (each.sh_type != SHT_SYMTAB || each.sh_link >= sections.size()) continue;
            ElfW(Shdr) const& names = sections[each.sh_link];
            names_ = at<char>(names.sh_offset, names.sh_size);
            if (names_.empty() || names_[names_.size() - 1] != '\0') return;
            symbols_ = at<ElfW(Sym)>(each.sh_offset, each.sh_size / sizeof(ElfW(Sym)));
            return;
        }
    }

    char const* file_{nullptr};
    std::size_t size_{0};
    view<char const> names_;
    view<ElfW(Sym) const> symbols_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
