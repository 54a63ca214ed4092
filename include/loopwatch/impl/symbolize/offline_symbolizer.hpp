// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/formatted.hpp"
#include "../base/many.hpp"
#include "../capture/snapshot.hpp"
#include "module_place.hpp"
#include "named_frames.hpp"

#if LOOPWATCH_HAS_LIBDW()
#include "libdw.hpp"

#include <unistd.h>
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

/// Names the addresses of a process that has ended, by the files that lay there. Where it was built with another
/// library than libdw, it names modules only.
class offline_symbolizer {
public:
    explicit offline_symbolizer(many<module_place> modules) : modules_{std::move(modules)}
    {
#if LOOPWATCH_HAS_LIBDW()
        debug_.use_modules(modules_);
#endif
    }

    /// The frames of a stack. An address where functions were inlined becomes several, innermost first.
    std::vector<frame> operator()(snapshot const& s)
    {
        std::vector<frame> frames;
        for (std::size_t i = 0; i < s.size; ++i) {
            auto const& known =
                known_.at(s, i, [&](std::uintptr_t address, std::uintptr_t code) { return describe(address, code); });
            frames.insert(frames.end(), known.begin(), known.end());
        }
        return frames;
    }
    std::vector<frame> by_symbols(snapshot const& s) { return (*this)(s); }

    /// Why frames have no names: of each module once.
    [[nodiscard]] std::vector<std::string> const& notes() const { return notes_; }

private:
    std::vector<frame> describe(std::uintptr_t address, std::uintptr_t code)
    {
        auto const holds = [&](module_place const& m) { return code >= m.begin && code < m.end; };
        module_place* const in = first_of(modules_, holds);
#if LOOPWATCH_HAS_LIBDW()
        std::vector<frame> frames = functions_by(debug_, code);
        prefer_exported(frames.back(), in != nullptr ? std::string_view{in->file} : "",
                        [&] { return debug_.exported_at(code); });
        if (in != nullptr) note_missing(*in, code);
#else
        std::vector<frame> frames(1);
#endif
        for (frame& f : frames) {
            if (in != nullptr) {
                f.module = in->file;
                f.module_offset = code - in->bias;
            }
            complete(f, address);
        }
        return frames;
    }

#if LOOPWATCH_HAS_LIBDW()
    void note_missing(module_place const& m, std::uintptr_t code)
    {
        if (m.file.find('/') == m.file.npos || debug_.has_file_at(code)) return;  // the vdso has no file
        bool const is_there = ::access(m.file.c_str(), R_OK) == 0;
        std::string note = is_there ? formatted(
                                          "{} is not the file that ran (its build ID is another), so no frame of it "
                                          "has a name",
                                          {m.file})
                                    : formatted("{} can't be read here, so no frame of it has a name", {m.file});
        if (!any_of(notes_, [&](std::string const& each) { return each == note; })) notes_.push_back(std::move(note));
    }
    debug_information debug_;
#endif
    many<module_place> modules_;
    frames_by_code known_;
    std::vector<std::string> notes_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
