// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../detail/glob.hpp"
#include "../base/view.hpp"
#include "code_origin.hpp"

#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

inline constexpr std::string_view library_code_syntax{
    "globs of source files, or with :: of functions, separated by commas, as in third_party/*,vendor::*"};

/// The patterns of options::library_code: code that is compiled into the program but not the user's.
class library_code {
public:
    /// `patterns` for which is_valid() is true.
    explicit library_code(std::string_view patterns) : patterns_{patterns} {}

    /// Pure. Whether every pattern is valid, and none matches everything. A single colon is a mistake for "::".
    static constexpr bool is_valid(std::string_view patterns) noexcept
    {
        while (!patterns.empty()) {
            bool const is_last = patterns.find(',') == patterns.npos;
            auto const each = next(patterns);
            if (each.find_first_not_of("*?:/.") == each.npos || (!is_last && patterns.empty())) return false;
            for (auto colon = each.find(':'); colon != each.npos; colon = each.find(':', colon + 2))
                if (!each.substr(colon).starts_with("::")) return false;
        }
        return true;
    }

    [[nodiscard]] std::string_view patterns() const { return patterns_; }

    /// Marks the user's frames that match a pattern as library code.
    void claim(view<frame> frames) const
    {
        for (frame& f : frames)
            if (origin_of(f) == code_origin::user && has(f)) f.origin = code_origin::library;
    }

private:
    static constexpr std::string_view next(std::string_view& rest) noexcept
    {
        auto each = rest.substr(0, rest.find(','));
        rest.remove_prefix(each.size() < rest.size() ? each.size() + 1 : each.size());
        while (each.starts_with(' ')) each.remove_prefix(1);
        while (each.ends_with(' ')) each.remove_suffix(1);
        return each;
    }

    [[nodiscard]] bool has(frame const& f) const
    {
        // Without debug information the module stands for the file.
        std::string_view const file = f.file.empty() ? f.module : f.file;
        for (std::string_view rest = patterns_; !rest.empty();) {
            auto const each = next(rest);
            bool const is_it = each.find("::") == each.npos
                                   ? glob_matches_path(each, file)
                                   : glob_matches(each, qualified_name(f.function)) || glob_matches(each, f.function);
            if (is_it) return true;
        }
        return false;
    }

    std::string patterns_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
