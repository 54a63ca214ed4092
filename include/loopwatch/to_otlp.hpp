// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "detail/config.hpp"
#include "monitor_sink.hpp"

#include <string>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// Appends each block that is over to a file, as OpenTelemetry's collector reads it (its otlpjsonfile receiver, or any
/// reader of OTLP's JSON): a line of TracesData with one span, from the block's begin to its end, as long as
/// block_report::duration. Its attributes have the names that to_json() uses, and each sample is an event with its
/// stack. Every span is a trace of its own, of random ids: it stands beside the requests that it delayed by its time
/// and by its resource.
///
/// Every block is written, also those of which logs are told nothing. The resource is `service.name` and whatever else
/// is given: {{"deployment.environment.name", "production"}}. As to the file: as to_text_file().
///
/// Throws: std::system_error that names the path, if it can't be opened; std::bad_alloc. Thread safety: any thread.
/// Cost to the loop: none.
[[nodiscard]] LOOPWATCH_DECL monitor_sink to_otlp(std::string path, std::string service_name,
                                                  std::vector<std::pair<std::string, std::string>> resource = {});

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

// Not part of the core's implementation: only files that include this header compile it.
#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/to_otlp.hpp"
#endif
