// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../capture/snapshot.hpp"
#include "../unwind/foreign_memory_linux.hpp"
#include "../unwind/machine_code.hpp"
#include "code_origin.hpp"
#include "demangled.hpp"
#include "function_name.hpp"
#include "library_code.hpp"
#include "loaded_code_linux.hpp"
#include "module_place.hpp"
#include "named_frames.hpp"

#if LOOPWATCH_HAS_LIBDW()
#include "libdw.hpp"
#else
#include "libbacktrace.hpp"
#endif

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Names addresses: functions, files and lines by debug information and symbols, modules by the loader. To be used by
/// one thread only. Results are cached until a module is loaded or unloaded.
class symbolizer {
public:
    /// The frames of a stack. An address where functions were inlined becomes several, innermost first.
    std::vector<frame> operator()(snapshot const& s)
    {
        follow_modules();
        memory_.forget();
        std::vector<frame> frames;
        for (std::size_t i = 0; i < s.size; ++i) {
            auto const& known =
                known_.at(s, i, [&](std::uintptr_t address, std::uintptr_t code) { return describe(address, code); });
            frames.insert(frames.end(), known.begin(), known.end());
            frame& function = frames.back();
            if (function.function.empty() && i + 1 < s.size && is_system_module(function.module))
                function.function = called_function(s.addresses[i + 1], function.module);
        }
        if (library_code_ != nullptr) library_code_->claim(frames);
        return frames;
    }

    /// Changes when a module is loaded or unloaded: then frames that were named before may be wrong.
    [[nodiscard]] std::uint64_t changes()
    {
        follow_modules();
        return changes_;
    }

    /// Sets which code of later stacks is library code. `of` must live until it is replaced, or nothing more is named.
    void use_library_code(library_code const& of) { library_code_ = &of; }

    /// Names by symbols only, without inlined functions, files and lines. The debug information of a large unit, as
    /// that of our own implementation, takes 40 ms and 20 MB to read.
    std::vector<frame> by_symbols(snapshot const& s)
    {
        follow_modules();
        std::vector<frame> frames;
        frames.reserve(s.size);
        for (std::size_t i = 0; i < s.size; ++i)
            frames.push_back(symbols_.at(
                s, i, [&](std::uintptr_t address, std::uintptr_t code) { return by_symbol(address, code); })[0]);
        return frames;
    }

private:
    /// The exported function that the call before `return_address` was to, for code of the same library without a name:
    /// the exported function jumped on to an internal one, and left no frame. Most of libc's waits do so, such as
    /// pthread_join() and sem_wait(), and its debug symbols are rarely installed.
    std::string called_function(std::uintptr_t return_address, std::string_view library)
    {
        std::uintptr_t const function = called_before(memory_, return_address);
        auto const where = loaded_code_at(function);
        if (!where || where->file != library) return {};
        return clean_function_name(demangled(exported_function_at(function).c_str())).text;
    }

    std::vector<frame> by_symbol(std::uintptr_t address, std::uintptr_t code)
    {
        std::vector<frame> frames(1);
        frames[0].function = debug_.symbol_at(code);
        place(frames, address, code);
        return frames;
    }

    std::vector<frame> describe(std::uintptr_t address, std::uintptr_t code)
    {
        std::vector<frame> frames = functions_by(debug_, code);
        place(frames, address, code);
        return frames;
    }

    /// Fills in what the loader knows of their code.
    void place(std::vector<frame>& frames, std::uintptr_t address, std::uintptr_t code)
    {
        auto const where = loaded_code_at(code);
        prefer_exported(frames.back(), where ? std::string_view{where->file} : "",
                        [&] { return exported_function_at(code); });
        bool const in_runtime = where && where->file.empty() && code >= runtime_;
        for (frame& f : frames) {
            if (where) {
                f.module = where->file.empty() ? program_ : where->file;
                f.module_offset = code - where->bias;
            }
            complete(f, address);
            if (in_runtime && is_linked_runtime(f.function, f.file)) f.origin = code_origin::system;
        }
    }

    void follow_modules()
    {
        module_changes const now = changes_of_modules();
        if (followed_ && now == modules_) return;
        bool const more = !followed_ || now.loads != modules_.loads;
        bool const fewer = followed_ && now.unloads != modules_.unloads;
        followed_ = true;
        modules_ = now;
        ++changes_;
        known_.clear();
        symbols_.clear();
        program_ = program_path();
        debug_.follow_modules(program_, more, fewer);
    }

    debug_information debug_;
    library_code const* library_code_{nullptr};  // the current watch's
    foreign_memory memory_;
    std::uintptr_t const runtime_{linked_runtime_begin()};
    bool followed_{false};
    module_changes modules_{};
    std::uint64_t changes_{0};
    std::string program_;
    frames_by_code known_;
    frames_by_code symbols_;  // by symbols only: one frame each, in the type that is compiled anyway
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
