// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../capture/snapshot.hpp"
#include "library_code.hpp"

#include <cstdint>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The backend where no stacks are captured: names nothing.
class symbolizer {
public:
    std::vector<frame> operator()(snapshot const&) { return {}; }
    void use_library_code(library_code const&) {}
    static std::uint64_t changes() { return 0; }
    std::vector<frame> by_symbols(snapshot const&) { return {}; }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
