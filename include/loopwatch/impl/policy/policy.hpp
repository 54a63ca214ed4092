// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../options.hpp"
#include "baseline_file.hpp"
#include "suppression_file.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Decides which blocks of a watch are excused: by its suppressions, then by its baseline.
class policy {
public:
    /// `how` is validated, and includes the environment's overrides.
    ///
    /// Throws: std::invalid_argument that names a file and what is wrong with it.
    static policy of(options const& how)
    {
        policy p;
        if (!how.suppressions.empty()) p.suppressions_ = &suppression_file::of(how.suppressions);
        if (!how.baseline.empty()) p.baseline_ = &baseline_file::of(how.baseline);
        p.factor_ = how.baseline_factor;
        return p;
    }

    /// Whether there is any that may excuse a block.
    [[nodiscard]] bool has_any() const { return suppressions_ != nullptr || baseline_ != nullptr; }

    /// The reason why a block is not reported although its cause is one to blame; "" if it is reported. `over`: the
    /// block has ended.
    ///
    /// Throws: std::bad_alloc. Thread safety: any thread; waits for files to be written.
    [[nodiscard]] std::string excuse_for(block_report const& report, bool over) const
    {
        std::string why;
        if (suppressions_ != nullptr) why = suppressions_->excuse_for(report, today(), over);
        if (why.empty() && baseline_ != nullptr) why = baseline_->excuse_for(report, factor_, over);
        return why;
    }

private:
    // Both live as long as the process.
    suppression_file* suppressions_{nullptr};
    baseline_file* baseline_{nullptr};
    double factor_{1};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
