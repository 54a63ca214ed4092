// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../read_black_box.hpp"
#include "../base/formatted.hpp"
#include "../base/many.hpp"
#include "../base/opened_file.hpp"
#include "../base/view.hpp"
#include "../black_box/box_contents.hpp"
#include "../black_box/box_file.hpp"
#include "../black_box/box_layout.hpp"
#include "../black_box/box_reports.hpp"
#include "../black_box/box_text.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

[[noreturn]] inline void refuse_reading(std::string const& file, std::string const& why)
{
    throw std::runtime_error{"loopwatch: " + file + ": " + why};
}

/// All of the file, and whether a process records to it.
struct read_box_file {
    many<std::byte> bytes;
    bool running{false};
};

inline read_box_file read_whole_box(std::string const& name)
{
    opened_file const file{name};
    auto const refuse = [&] {
        refuse_reading(name, std::string{"can't be read: "} + std::strerror(errno));  // NOLINT(concurrency-mt-unsafe)
    };
    if (file.get() == nullptr) refuse();
    read_box_file read;
    // Of a file that is none, no more than is needed to say so.
    constexpr std::size_t part = 2 * box_layout::page;
    constexpr std::size_t most = std::size_t{3} << 30;
    bool is_all = file.read_to(read.bytes, part) < part;
    box_layout layout;
    if (box_layout::read(read.bytes, layout) == box_layout::defect::no_box) is_all = true;
    while (!is_all && read.bytes.size() < most) is_all = file.read_to(read.bytes, part) < part;
    if (file.has_failed()) refuse();
#if LOOPWATCH_HAS_LINUX()
    read.running = holder_of_lock(::fileno(file.get())) != 0;
#endif
    return read;
}

}  // namespace detail

LOOPWATCH_DECL black_box_contents read_black_box(std::string const& file)
{
    detail::read_box_file const read = detail::read_whole_box(file);
    detail::box_contents contents;
    switch (detail::box_scan{read.bytes}(contents)) {
        case detail::box_layout::defect::no_box: detail::refuse_reading(file, "is no black box of loopwatch");
        case detail::box_layout::defect::other_version:
            detail::refuse_reading(file,
                                   "is a black box of another version: read it with that version's loopwatch-read");
        default: break;
    }
    black_box_contents told = detail::told_by(std::move(contents));
    told.running = read.running;
    return told;
}

LOOPWATCH_DECL std::string to_string(black_box_contents const& contents, bool all_frames, std::size_t most)
{
    return detail::text_of(contents, detail::wide_layout(all_frames), most);
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
