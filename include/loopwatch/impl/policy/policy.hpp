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

/// Which blocks of a watch are known and borne: by its suppressions, then by its baseline.
class policy {
public:
    /// `how` is validated, and the environment is laid over it.
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

    /// Why nobody is to be told of a block for which somebody is to blame; "" if all are. `over`: not while it lasts.
    ///
    /// Throws: std::bad_alloc. Thread safety: any; waits for files to be written.
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
