// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The result of a coroutine: a value or an exception, once `done`.
template <typename T>
struct outcome {
    std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> value;
    std::exception_ptr thrown;
    std::atomic<bool> done{false};
};

/// A coroutine that awaits another and stores its outcome. Unlike with co_spawn()'s completion handlers, the result
/// need not be default-constructible. It shares ownership of `to` and of the lambda that made the body: if run() is
/// left early, and the context is run again later, the caller is gone.
template <typename Nothing, typename Awaitable, typename T>
Nothing keep_outcome(Awaitable body, std::shared_ptr<outcome<T>> to, std::shared_ptr<void const> /*made_by*/)
{
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(body);
            to->value.emplace();
        } else {
            to->value.emplace(co_await std::move(body));
        }
    } catch (...) {
        to->thrown = std::current_exception();
    }
}

/// A copy of the exception if its type is exactly E; not if it is derived from E, which the copy would slice.
template <typename E>
std::optional<E> exactly(std::exception_ptr const& thrown)
{
    try {
        std::rethrow_exception(thrown);
    } catch (E const& e) {
        if (typeid(e) == typeid(E)) return e;
    } catch (...) {  // NOLINT(bugprone-empty-catch): then it is none
    }
    return {};
}

/// To be called in a catch block: rethrows `thrown` with the exception being handled nested in it, as
/// std::throw_with_nested() does. That needs the exception's type, so it is done for the standard library's types and
/// our own. Others are rethrown unchanged.
[[noreturn]] LOOPWATCH_DECL void rethrow_with_blocks(std::exception_ptr const& thrown);

/// The same, and also for Asio's system_error.
template <typename LibrarysError>
[[noreturn]] void rethrow_with_blocks(std::exception_ptr const& thrown)
{
    if (auto const e = exactly<LibrarysError>(thrown)) std::throw_with_nested(*e);
    rethrow_with_blocks(thrown);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
