// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../black_box.hpp"
#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "../../monitor.hpp"
#include "../base/formatted.hpp"
#include "../black_box/box_file.hpp"
#include "../black_box/box_layout.hpp"
#include "../block/block_recorder.hpp"
#include "../monitor/monitor_core.hpp"

#include <cstddef>
#include <stdexcept>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Throws: std::invalid_argument that names the field and its value.
inline box_layout layout_of(black_box_size size)
{
    auto const check = [](char const* field, std::size_t value, std::size_t least, std::size_t most) {
        if (value < least || value > most)
            throw std::invalid_argument{
                formatted("loopwatch: black_box_size.{} must be {} to {}, but is {}", {field, least, most, value})};
    };
    check("blocks", size.blocks, 1, 10000);
    check("reports", size.reports, std::size_t{1} << 16, std::size_t{1} << 30);
    return box_layout::of(size.blocks, size.reports);
}

}  // namespace detail

LOOPWATCH_DECL black_box::black_box(std::string const& file, black_box_size size)
    : recorder_{detail::new_box(file, detail::layout_of(size)).get()}
{
}
LOOPWATCH_DECL black_box::black_box(black_box const& other) noexcept = default;
LOOPWATCH_DECL black_box::black_box(black_box&& other) noexcept = default;
LOOPWATCH_DECL black_box& black_box::operator=(black_box const& other) noexcept = default;
LOOPWATCH_DECL black_box& black_box::operator=(black_box&& other) noexcept = default;
LOOPWATCH_DECL black_box::~black_box() = default;

LOOPWATCH_DECL void monitor::record_to(black_box const& box)
{
    if (core_->is_here() && box.recorder_) core_->record_to(box.recorder_);
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
