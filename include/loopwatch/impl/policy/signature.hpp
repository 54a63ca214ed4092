// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../symbolize/code_origin.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Identifies a block across runs and machines. So it has no addresses, no lines, which move with every edit, and no
/// folders.
struct block_signature {
    /// The culprit's function, or its module if that has no name; without a culprit the innermost function with a name;
    /// may be empty.
    std::string culprit;
    std::string file;  ///< without folders; may be empty
    loopwatch::cause cause{};

    friend bool operator==(block_signature const&, block_signature const&) = default;
};

/// The order of a baseline's lines.
inline bool precedes(block_signature const& a, block_signature const& b)
{
    int const by_culprit = a.culprit.compare(b.culprit);
    int const by_file = a.file.compare(b.file);
    if (by_culprit != 0) return by_culprit < 0;
    return by_file != 0 ? by_file < 0 : a.cause < b.cause;
}

/// Pure. Throws: std::bad_alloc.
inline block_signature signature_of(block_report const& report)
{
    block_signature s{.culprit = {}, .file = {}, .cause = report.cause};
    frame const* which = report.culprit();
    if (which == nullptr) which = first_of(report.stack, [](frame const& f) { return !f.function.empty(); });
    if (which != nullptr) {
        s.culprit = which->function.empty() ? std::string{base_name(which->module)} : which->function;
        s.file = base_name(which->file);
    }
    return s;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
