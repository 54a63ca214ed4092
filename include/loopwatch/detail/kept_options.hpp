// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../options.hpp"
#include "config.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A copy of options that owns its strings, so that it may outlive the caller's.
class kept_options {
public:
    explicit kept_options(options const& given)
        : given_{given},
          loop_name_{given.loop_name},
          suppressions_{given.suppressions},
          baseline_{given.baseline},
          library_code_{given.library_code}
    {
    }

    /// The options; their strings are valid as long as this object.
    [[nodiscard]] options get() const
    {
        options how = given_;
        how.loop_name = loop_name_;
        how.suppressions = suppressions_;
        how.baseline = baseline_;
        how.library_code = library_code_;
        return how;
    }

private:
    options given_;
    std::string loop_name_;
    std::string suppressions_;
    std::string baseline_;
    std::string library_code_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
