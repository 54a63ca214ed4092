// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../detail/config.hpp"

#include <cstddef>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// For whom a report is written.
struct text_layout {
    std::size_t width{120};  // columns of a line
    /// Lines that would be longer go on in the next one. Else each frame stays one line, for grep and for eyes that run
    /// down a file, and only template arguments give way.
    bool breaks{false};
    bool all_frames{false};  // and names with all of their template arguments
    bool colour{false};
    /// Where a file is on this machine, "" if it is not there: places are hyperlinks to it. Null: there are none.
    std::string (*located)(std::string const& file){nullptr};
    std::string host{};  // this machine's name
};

/// Files and pipes, and whatever the text is given to that is not known.
inline text_layout wide_layout(bool all_frames) { return {.all_frames = all_frames}; }

/// The failure of a test. Catch2 breaks the lines of its console that have no room in 80 columns, 2 of them an indent,
/// and one always free; and it counts a line that fills them as one that has not (TextFlow's Column::calcLength).
inline text_layout test_layout(bool all_frames) { return {.width = 76, .breaks = true, .all_frames = all_frames}; }

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
