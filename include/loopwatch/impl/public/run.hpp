// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/suite/outcome.hpp"
#include "../../no_loop_blocking.hpp"

#include <exception>
#include <future>
#include <ios>
#include <new>
#include <stdexcept>
#include <system_error>
#include <type_traits>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

template <typename... Known>
[[noreturn]] void rethrow_with_current_nested(std::exception_ptr const& thrown)
{
    auto const attempt = [&]<typename E>(std::type_identity<E>) {
        if (auto const e = exactly<E>(thrown)) std::throw_with_nested(*e);
    };
    (attempt(std::type_identity<Known>{}), ...);
    std::rethrow_exception(thrown);
}

LOOPWATCH_DECL void rethrow_with_blocks(std::exception_ptr const& thrown)
{
    rethrow_with_current_nested<std::runtime_error, std::logic_error, std::invalid_argument, std::out_of_range,
                                std::length_error, std::domain_error, std::range_error, std::overflow_error,
                                std::underflow_error, std::system_error, std::ios_base::failure, std::future_error,
                                std::bad_alloc, loop_blocked_error>(thrown);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
