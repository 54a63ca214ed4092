// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../capture/snapshot.hpp"
#include "../config.hpp"
#include "../function_name.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <cxxabi.h>
#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

// libbacktrace by its own interface, as Boost.Stacktrace's backtrace library carries and exports it: Boost's keeps one
// of the functions that were inlined at an address, and we need them all. Declared here, because only gcc finds
// <backtrace.h>; it has been the same since 2012.
extern "C" {
struct backtrace_state;
typedef void (*backtrace_error_callback)(void* data, char const* message, int error);
typedef int (*backtrace_full_callback)(void* data, std::uintptr_t pc, char const* file, int line, char const* function);
typedef void (*backtrace_syminfo_callback)(void* data, std::uintptr_t pc, char const* name, std::uintptr_t value,
                                           std::uintptr_t size);
struct backtrace_state* backtrace_create_state(char const* file, int threaded, backtrace_error_callback error,
                                               void* data);
int backtrace_pcinfo(struct backtrace_state* state, std::uintptr_t pc, backtrace_full_callback callback,
                     backtrace_error_callback error, void* data);
int backtrace_syminfo(struct backtrace_state* state, std::uintptr_t address, backtrace_syminfo_callback callback,
                      backtrace_error_callback error, void* data);
}

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

inline std::string demangled(char const* name)
{
    if (name == nullptr) return {};
    int status = 0;
    std::unique_ptr<char, decltype(&std::free)> const text{abi::__cxa_demangle(name, nullptr, nullptr, &status),
                                                           &std::free};
    return status == 0 && text ? std::string{text.get()} : std::string{name};
}

/// Names addresses. Slow the first time (it reads the debug information of every module: some 100 ms and 20 MB), then
/// microseconds. For one thread: the state of libbacktrace is never freed, so there must be no more than one.
class symbolizer {
public:
    /// One address may be several frames, where functions were inlined: innermost first.
    std::vector<frame> operator()(snapshot const& s)
    {
        follow_modules();
        std::vector<frame> frames;
        for (std::size_t i = 0; i < s.size; ++i) {
            // A return address may already belong to the next line, or the next function: look up the call before it.
            bool const exact = i == 0 && s.first_is_exact;
            auto const& known = lookup(s.addresses[i], exact ? s.addresses[i] : s.addresses[i] - 1);
            frames.insert(frames.end(), known.begin(), known.end());
        }
        return frames;
    }

private:
    std::vector<frame> const& lookup(std::uintptr_t address, std::uintptr_t code)
    {
        auto const [at, is_new] = known_.try_emplace(code);
        if (is_new) at->second = describe(address, code);
        return at->second;
    }

    std::vector<frame> describe(std::uintptr_t address, std::uintptr_t code)
    {
        std::vector<frame> frames;
        if (state_ != nullptr) backtrace_pcinfo(state_, code, &on_line, &on_error, &frames);
        if (frames.empty()) frames.emplace_back();
        for (std::size_t i = 0; i + 1 < frames.size(); ++i) frames[i].inlined = true;

        // The debug information names a coroutine's body by its bare name; the symbol has scope and parameters.
        std::string symbol;
        if (state_ != nullptr) backtrace_syminfo(state_, code, &on_symbol, &on_error, &symbol);
        Dl_info where{};
        void* map = nullptr;
        bool const in_module = ::dladdr1(reinterpret_cast<void*>(code), &where, &map, RTLD_DL_LINKMAP) != 0;
        if (symbol.empty() && in_module && frames.back().function.empty()) symbol = demangled(where.dli_sname);
        if (!symbol.empty()) frames.back().function = std::move(symbol);

        for (frame& f : frames) {
            auto name = clean_function_name(std::move(f.function));
            f.function = std::move(name.text);
            f.coroutine = name.coroutine;
            f.address = address;
            if (!in_module) continue;
            auto const base = reinterpret_cast<std::uintptr_t>(where.dli_fbase);
            f.module = base == program_base_ ? program_ : std::string{where.dli_fname};
            // From where its own addresses count: that is not its first byte, unless it may lie anywhere.
            f.module_offset = code - (map != nullptr ? static_cast<link_map const*>(map)->l_addr : base);
        }
        return frames;
    }

    static int on_line(void* data, std::uintptr_t, char const* file, int line, char const* function)
    {
        if (file == nullptr && function == nullptr) return 0;
        frame& f = static_cast<std::vector<frame>*>(data)->emplace_back();
        f.function = demangled(function);
        if (file != nullptr) f.file = file;
        f.line = line > 0 ? static_cast<unsigned>(line) : 0;
        return 0;
    }

    static void on_symbol(void* data, std::uintptr_t, char const* name, std::uintptr_t, std::uintptr_t)
    {
        *static_cast<std::string*>(data) = demangled(name);
    }

    // What can't be read is left unnamed; the reader sees the module and the offset.
    static void on_error(void*, char const*, int) {}

    struct modules {
        unsigned long long loads{0};
        unsigned long long unloads{0};
        std::uintptr_t program_base{0};
        friend bool operator==(modules const&, modules const&) = default;
    };

    static modules loaded_modules()
    {
        modules m;
        ::dl_iterate_phdr(
            [](dl_phdr_info* info, std::size_t, void* to) {
                auto& seen = *static_cast<modules*>(to);
                seen.loads = info->dlpi_adds;
                seen.unloads = info->dlpi_subs;
                // The first is the program itself; its first page is where its segment of offset 0 lies.
                for (int i = 0; i < info->dlpi_phnum; ++i)
                    if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_offset == 0)
                        seen.program_base = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
                return 1;
            },
            &m);
        return m;
    }

    /// libbacktrace reads the modules once: what was loaded later has no lines. So begin anew, but not forever, for
    /// what an old state holds is lost.
    void follow_modules()
    {
        constexpr int most_states = 8;
        modules const now = loaded_modules();
        if (state_ != nullptr && now == modules_) return;
        bool const stale = state_ == nullptr || now.loads != modules_.loads;
        modules_ = now;
        known_.clear();
        program_base_ = now.program_base;
        std::array<char, 4096> path{};
        auto const length = ::readlink("/proc/self/exe", path.data(), path.size());
        program_.assign(path.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
        if (stale && states_ < most_states) {
            state_ = backtrace_create_state(program_.empty() ? nullptr : program_.c_str(), 0, &on_error, nullptr);
            ++states_;
        }
    }

    backtrace_state* state_{nullptr};
    int states_{0};
    modules modules_{};
    std::uintptr_t program_base_{0};
    std::string program_;  // libbacktrace keeps the pointer only while it reads
    std::unordered_map<std::uintptr_t, std::vector<frame>> known_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
