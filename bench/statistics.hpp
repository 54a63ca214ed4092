// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

/// Between two values it takes the lower one. 0 where there are none.
inline double quantile(std::vector<double> values, double q)
{
    if (values.empty()) return 0;
    auto const at = static_cast<std::size_t>(q * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
    return values[at];
}

inline double median(std::vector<double> const& values) { return quantile(values, 0.5); }
