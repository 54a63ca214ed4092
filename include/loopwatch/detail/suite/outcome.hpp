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

/// What became of a coroutine.
template <typename T>
struct outcome {
    std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> value;
    std::exception_ptr thrown;
    std::atomic<bool> done{false};
};

/// A coroutine that awaits another and keeps what becomes of it. co_spawn()'s own handlers ask for a result that can be
/// made from nothing; this one does not. It owns what it writes to, and the lambda that the body may be of: if the
/// context is left before the end, and run again later, its caller is gone.
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

/// The exception, if it is exactly an E and not of a type derived from it, which a copy would cut off.
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

/// Inside of a handler: throws what was thrown, with the exception that is being handled nested in it, as
/// std::throw_with_nested() does. That makes an object of another class, derived from the exception's own, so it can be
/// done for the classes that are known here: the standard library's, and our own. Any other is thrown again as it is.
[[noreturn]] LOOPWATCH_DECL void rethrow_with_blocks(std::exception_ptr const& thrown);

/// And for Asio's.
template <typename LibrarysError>
[[noreturn]] void rethrow_with_blocks(std::exception_ptr const& thrown)
{
    if (auto const e = exactly<LibrarysError>(thrown)) std::throw_with_nested(*e);
    rethrow_with_blocks(thrown);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
