// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "fixed.hpp"

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

// fmt::vformat() is declared in fmt/core.h, which is the lighter header, before fmt 11.
#if __has_include(<fmt/base.h>)
#include <fmt/format.h>
#else
#include <fmt/core.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// An argument of formatted(), converted to one of four types, so that fmt is compiled for no others. Texts are
/// referred to, not copied.
class format_argument {
public:
    format_argument(std::string_view value) noexcept : kept_{kept(fmt::string_view{value.data(), value.size()})} {}
    format_argument(std::string const& value) noexcept : format_argument{std::string_view{value}} {}
    format_argument(char const* value) noexcept : format_argument{std::string_view{value}} {}
    format_argument(double value) noexcept : kept_{kept(value)} {}
    format_argument(long long value) noexcept : kept_{kept(value)} {}
    format_argument(unsigned long long value) noexcept : kept_{kept(value)} {}
    format_argument(int value) noexcept : format_argument{static_cast<long long>(value)} {}
    format_argument(long value) noexcept : format_argument{static_cast<long long>(value)} {}
    format_argument(unsigned value) noexcept : format_argument{static_cast<unsigned long long>(value)} {}
    format_argument(unsigned long value) noexcept : format_argument{static_cast<unsigned long long>(value)} {}

private:
    friend std::string formatted(std::string_view, std::initializer_list<format_argument>);
    using type = fmt::basic_format_arg<fmt::format_context>;

    template <typename T>
    static type kept(T value) noexcept
    {
        auto const store = fmt::make_format_args(value);
        return fmt::format_args{store}.get(0);
    }

    type kept_;
};

/// fmt::format() for up to 12 arguments. fmt::format() itself compiles and checks every call separately, which took a
/// tenth of the time to compile the implementation. Here the format string is checked at run time, as by
/// fmt::vformat().
inline std::string formatted(std::string_view form, std::initializer_list<format_argument> arguments)
{
    fixed<format_argument::type, 12> all{};
    std::size_t size = 0;
    for (format_argument const& each : arguments)
        if (size < all.size()) all[size++] = each.kept_;
    return fmt::vformat(fmt::string_view{form.data(), form.size()},
                        fmt::basic_format_args<fmt::format_context>{all.data(), static_cast<int>(size)});
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
