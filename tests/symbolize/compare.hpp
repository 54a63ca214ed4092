// SPDX-License-Identifier: BSL-1.0
#pragma once

// What debug_information says of random addresses, compared with what addr2line says of them.

#include <loopwatch/block_report.hpp>
#include <loopwatch/detail/config.hpp>
#include <loopwatch/impl/symbolize/code_origin.hpp>

#if LOOPWATCH_HAS_LIBDW()
#include <loopwatch/impl/symbolize/libdw.hpp>
#else
#include <loopwatch/impl/symbolize/libbacktrace.hpp>
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <elf.h>
#include <link.h>
#include <unistd.h>

namespace symbolize_test {

struct range {
    std::uintptr_t from{0}, to{0};
    friend bool operator==(range const&, range const&) = default;
};

/// The file's own code, as addresses in the file.
inline range text_of(std::string const& path)
{
    std::ifstream file{path, std::ios::binary};
    std::string const bytes{std::istreambuf_iterator<char>{file}, {}};
    Elf64_Ehdr head{};
    if (bytes.size() < sizeof(head)) throw std::runtime_error{"can't read " + path};
    std::memcpy(&head, bytes.data(), sizeof(head));
    auto const section = [&](std::size_t i) {
        Elf64_Shdr s{};
        std::memcpy(&s, bytes.data() + head.e_shoff + i * head.e_shentsize, sizeof(s));
        return s;
    };
    auto const names = section(head.e_shstrndx).sh_offset;
    for (std::size_t i = 0; i < head.e_shnum; ++i) {
        auto const s = section(i);
        if (std::strcmp(bytes.data() + names + s.sh_name, ".text") == 0) return {s.sh_addr, s.sh_addr + s.sh_size};
    }
    throw std::runtime_error{"no code in " + path};
}

/// Where a module of this process was loaded, less where it says that it is.
inline std::uintptr_t load_address(std::string const& path)
{
    std::pair<std::string, std::uintptr_t> found{path, 0};
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* to) {
            auto& [wanted, address] = *static_cast<std::pair<std::string, std::uintptr_t>*>(to);
            std::string const name = *info->dlpi_name == '\0' ? "/proc/self/exe" : info->dlpi_name;
            if (name != wanted) return 0;
            address = info->dlpi_addr;
            return 1;
        },
        &found);
    return found.second;
}

struct place {
    std::string file;
    unsigned line{0};
    friend bool operator==(place const&, place const&) = default;
};

/// Innermost first, for each address.
inline std::vector<std::vector<place>> ask_addr2line(std::string const& file,
                                                     std::vector<std::uintptr_t> const& addresses)
{
    std::string const list = "/tmp/loopwatch_addresses." + std::to_string(::getpid());
    {
        std::ofstream to{list};
        for (auto const a : addresses) to << std::hex << a << '\n';
    }
    ::unsetenv("LD_PRELOAD");
    std::string const command = "addr2line -a -i -e '" + file + "' <" + list;
    std::FILE* const from = ::popen(command.c_str(), "r");
    if (from == nullptr) throw std::runtime_error{"can't run addr2line"};
    std::vector<std::vector<place>> answers;
    char* line = nullptr;
    std::size_t capacity = 0;
    while (::getline(&line, &capacity, from) > 0) {
        std::string text{line};
        if (text.starts_with("0x")) {
            answers.emplace_back();
            continue;
        }
        if (answers.empty()) continue;
        text = text.substr(0, text.find(" (discriminator"));
        auto const colon = text.rfind(':');
        if (colon == text.npos) continue;
        answers.back().push_back({std::string{loopwatch::detail::base_name(text.substr(0, colon))},
                                  static_cast<unsigned>(std::strtoul(text.c_str() + colon + 1, nullptr, 10))});
    }
    std::free(line);
    ::pclose(from);
    ::unlink(list.c_str());
    if (answers.size() != addresses.size()) throw std::runtime_error{"addr2line did not answer for " + file};
    return answers;
}

/// Whether debug information has the function, too: it has none of a thunk, which the symbol alone names.
inline bool is_described(std::string const& symbol)
{
    return !symbol.empty() && symbol.find(" thunk to ") == symbol.npos;
}

struct comparison {
    std::size_t known{0};    ///< to addr2line
    std::size_t missing{0};  ///< of them we have no line
    std::size_t between{0};  ///< neither, but it is in no function: what fills the space between two is never called
    std::size_t unnamed{0};  ///< or no function where a symbol says that there is one; there is none between two
    std::size_t differ{0};   ///< another line
    std::size_t chains{0};   ///< the same line, and other functions that it was inlined into
};

inline std::string text_of(std::vector<place> const& chain)
{
    std::string text;
    for (auto const& [file, line] : chain) text += file + ':' + std::to_string(line) + ' ';
    return text;
}

/// `module` as the loader names it; `original` is where addr2line finds everything that there is to know.
inline comparison compare(loopwatch::detail::debug_information& debug, std::string const& module,
                          std::string const& original, std::size_t count, std::size_t shown)
{
    range const text = text_of(original);
    if (module != "/proc/self/exe" && text_of(module) != text) throw std::runtime_error{module + " has other code"};
    std::uintptr_t const bias = load_address(module);
    std::mt19937 random{20260101};
    std::uniform_int_distribution<std::uintptr_t> any{text.from, text.to - 1};
    std::vector<std::uintptr_t> addresses(count);
    std::ranges::generate(addresses, [&] { return any(random); });

    auto const expected = ask_addr2line(original, addresses);
    comparison c;
    for (std::size_t i = 0; i < count; ++i) {
        auto const& theirs = expected[i];
        if (theirs.empty() || theirs.front().line == 0) continue;
        ++c.known;
        std::vector<place> ours;
        auto const frames = debug.functions_at(addresses[i] + bias);
        for (auto const& f : frames) ours.push_back({std::string{loopwatch::detail::base_name(f.file)}, f.line});
        std::size_t* which = nullptr;
        bool const is_code = !debug.symbol_at(addresses[i] + bias).empty();
        if (ours.empty() || ours.front().line == 0)
            which = is_code ? &c.missing : &c.between;
        else if (frames.front().function.empty() && is_described(debug.symbol_at(addresses[i] + bias)))
            which = &c.unnamed;
        else if (ours.front() != theirs.front())
            which = &c.differ;
        else if (ours != theirs)
            which = &c.chains;
        if (which == nullptr) continue;
        ++*which;
        if (*which <= shown)
            std::printf("  %s at %#zx: %s, but addr2line: %s\n",
                        which == &c.missing   ? "missing"
                        : which == &c.between ? "between functions"
                        : which == &c.unnamed ? "unnamed"
                        : which == &c.differ  ? "differs"
                                              : "chain",
                        static_cast<std::size_t>(addresses[i]), text_of(ours).c_str(), text_of(theirs).c_str());
    }
    std::printf(
        "%s: of %zu addresses addr2line knows %zu; without a line %zu, and %zu between functions, without a name %zu, "
        "with another line %zu, with other callers %zu\n",
        original.c_str(), count, c.known, c.missing, c.between, c.unnamed, c.differ, c.chains);
    return c;
}

}  // namespace symbolize_test
