// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "formatted.hpp"

#include <chrono>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// For people: "850.0 us", "153.2 ms", "2.30 s".
inline std::string duration_text(std::chrono::nanoseconds d)
{
    double const ns = static_cast<double>(d.count());
    double const size = ns < 0 ? -ns : ns;
    if (size < 1e6) return formatted("{:.1f} us", {ns / 1e3});
    if (size < 1e9) return formatted("{:.1f} ms", {ns / 1e6});
    return formatted("{:.2f} s", {ns / 1e9});
}

/// For error messages, where the value must be recognised as it was given: "-5 ms", "1500 us", "7 ns".
inline std::string exact_duration_text(std::chrono::nanoseconds d)
{
    auto const ns = d.count();
    if (ns % 1'000'000 == 0) return formatted("{} ms", {ns / 1'000'000});
    if (ns % 1'000 == 0) return formatted("{} us", {ns / 1'000});
    return formatted("{} ns", {ns});
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
