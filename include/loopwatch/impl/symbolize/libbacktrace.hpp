// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "demangled.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// libbacktrace by its own interface, which gcc's library has, and Boost.Stacktrace's contains and exports: Boost's
// interface gives only one of the functions inlined at an address, and all are needed. Declared here, because only gcc
// finds <backtrace.h>; it has not changed since 2012.
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

/// Debug information by libbacktrace. The first look-up reads that of every module: some 100 ms and 30 MB; later ones
/// take microseconds. The state of libbacktrace is never freed, so a process must have only one of these.
class debug_information {
public:
    debug_information() = default;
    /// The folder is ignored: libbacktrace looks for files by build ID in the system's folder only.
    explicit debug_information(char const*) {}

    /// The functions at `code`, innermost first, with demangled names; empty if unknown.
    std::vector<frame> functions_at(std::uintptr_t code)
    {
        std::vector<frame> frames;
        if (state_ == nullptr) return frames;
        backtrace_pcinfo(state_, code, &on_line, &on_error, &frames);
        // libbacktrace gives only the bare name where the debug information lacks the linkage name.
        if (!frames.empty())
            if (std::string symbol = symbol_at(code); !symbol.empty()) frames.back().function = std::move(symbol);
        return frames;
    }

    /// The demangled name of the symbol at `code`; "" if there is none.
    std::string symbol_at(std::uintptr_t code)
    {
        std::string symbol;
        if (state_ != nullptr) backtrace_syminfo(state_, code, &on_symbol, &on_error, &symbol);
        return symbol;
    }

    /// libbacktrace reads the modules once, and modules loaded later have no lines. So `more` modules make a new state,
    /// but at most 8 times: the memory of old states is lost.
    void follow_modules(std::string const& program, bool more, bool)
    {
        constexpr int most_states = 8;
        program_ = program;  // libbacktrace keeps the pointer only while it reads
        if (!more || states_ == most_states) return;
        state_ = backtrace_create_state(program_.empty() ? nullptr : program_.c_str(), 0, &on_error, nullptr);
        ++states_;
    }

private:
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

    // What can't be read stays unnamed; the report shows module and offset.
    static void on_error(void*, char const*, int) {}

    backtrace_state* state_{nullptr};
    int states_{0};
    std::string program_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
