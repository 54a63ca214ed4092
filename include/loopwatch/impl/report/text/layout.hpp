// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../detail/config.hpp"

#include <cstddef>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// How a report's text is laid out.
struct text_layout {
    std::size_t width{120};  // columns of a line
    /// True: longer lines are broken. False: each frame stays on one line, for grep and for reading down a file, and
    /// only template arguments are shortened.
    bool breaks{false};
    bool all_frames{false};  // no runs are folded, and no names shortened
    bool colour{false};
    /// Gives the absolute path of a file on this machine, or "": places become hyperlinks to it. Null: no hyperlinks.
    std::string (*located)(std::string const& file){nullptr};
    std::string host{};  // this machine's name
};

/// For files, pipes, and unknown destinations.
inline text_layout wide_layout(bool all_frames) { return {.all_frames = all_frames}; }

/// For the failure of a test. Catch2 breaks console lines at 80 columns, less an indent of 2 and one column that is
/// always free, and also breaks a line that exactly fills the rest (TextFlow's Column::calcLength).
inline text_layout test_layout(bool all_frames) { return {.width = 76, .breaks = true, .all_frames = all_frames}; }

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
