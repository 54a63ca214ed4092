// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

/// \file
/// Formatting of reports by fmt: `fmt::format("{}", report)` is to_string(report), `{:a}` is to_string(report, true).
///
/// Throws: std::bad_alloc; fmt::format_error for another format. Thread safety: as for reading the report. Cost to the
/// loop: none.

#include "block_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

template <>
struct fmt::formatter<loopwatch::block_report> {
    constexpr auto parse(fmt::format_parse_context& context)
    {
        auto at = context.begin();
        if (at != context.end() && *at == 'a') {
            all_frames_ = true;
            ++at;
        }
        return at;
    }

    template <typename Context>
    auto format(loopwatch::block_report const& report, Context& context) const
    {
        std::string const text = to_string(report, all_frames_);
        return std::copy(text.begin(), text.end(), context.out());
    }

private:
    bool all_frames_{false};
};

#include "detail/public_end.hpp"
