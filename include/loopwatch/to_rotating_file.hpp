// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "detail/config.hpp"
#include "monitor_sink.hpp"

#include <cstdint>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// How notices are written to a file.
enum class notice_format {
    text,       ///< as by to_text_file()
    json_lines  ///< as by to_json_lines()
};

/// Appends each notice to a file that begins anew before it grows larger than `max_size` bytes: "blocks.log" becomes
/// "blocks.log.1", that "blocks.log.2", and so on. `max_files` counts them all; with 1 the file is emptied. So
/// max_size * max_files bounds what is on the disk, but a notice that alone is larger has a file of its own.
///
/// One process writes to the files, and nothing else rotates them. If the files can't be renamed, notices are lost, and
/// counted. Otherwise as to_text_file().
///
/// Throws: std::invalid_argument that names the argument, if one is 0; std::system_error that names the path, if it
/// can't be opened; std::bad_alloc. Thread safety: any thread. Cost to the loop: none.
[[nodiscard]] LOOPWATCH_DECL monitor_sink to_rotating_file(std::string path, std::uint64_t max_size, unsigned max_files,
                                                           notice_format format = notice_format::text);

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

// Not part of the core's implementation: only files that include this header compile it.
#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/to_rotating_file.hpp"
#endif
