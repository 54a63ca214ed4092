// SPDX-License-Identifier: BSL-1.0
#pragma once

// What an operation takes along of its start, and of when it was ready: the part of the loop's side of exact mode that
// is there before a handler runs. What it is when one does, is in completion.hpp.

#include "completion.hpp"
#include "thread_record.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace loopwatch {
inline namespace exact_v1 {
namespace exact {

LOOPWATCH_IN_HANDLERS void note_start(origin& from, char const* object_type, void const* object, std::uint64_t native,
                                      char const* name, std::uint64_t ready) noexcept
{
    thread_record const& record = this_threads();
    from.started = ticks();
    from.object_type = object_type;
    from.operation = name;
    from.object = object;
    from.native = native;
    from.file = record.file;
    from.line = record.line;
    from.ready = ready;
}

/// Whether a timer's clock is std::chrono::steady_clock, which is CLOCK_MONOTONIC. A user's own may begin anywhere, and
/// have the same type of times. Asked by its name, for <chrono> would be another header for every file.
template <typename Object>
constexpr bool is_by_steady_clock() noexcept
{
    // "...detail::chrono_time_traits<std::chrono::_V2::steady_clock, ...": with what namespaces varies.
    auto const after = [](char const* text, char const* begin) -> char const* {
        while (*begin != 0 && *text == *begin) ++text, ++begin;
        return *begin == 0 ? text : nullptr;
    };
    for (char const* at = __PRETTY_FUNCTION__; *at != 0; ++at)
        if (char const* clock = after(at, "chrono_time_traits<std::chrono::"); clock != nullptr)
            for (; *clock != 0 && *clock != ',' && *clock != '<'; ++clock)
                if (after(clock, "steady_clock,") != nullptr) return true;
    return false;
}

/// When a timer expires, if it is by that clock. What other operations wait for is told by performed().
template <typename Object>
constexpr auto expiry_of(Object const* object) noexcept -> decltype(object->expiry.time_since_epoch(), std::uint64_t{})
{
    if constexpr (is_by_steady_clock<Object>()) {
        std::int64_t const at = object->expiry.time_since_epoch().count();
        return in_nanoseconds | (at > 0 ? static_cast<std::uint64_t>(at) : 0);
    }
    return 0;
}
constexpr std::uint64_t expiry_of(void const*) noexcept { return 0; }

/// ASIO_HANDLER_CREATION: an operation is started. What is run at once, by post() say, is stamped with the beginning of
/// the handler that starts it, where there is one: that costs no look at the clock.
template <typename Context, typename Operation, typename Object>
LOOPWATCH_IN_HANDLERS void created(Context&, Operation& operation, char const* object_type, Object const* object,
                                   std::uint64_t native, char const* name) noexcept
{
    if constexpr (awaits_result<Operation>)
        note_start(operation.loopwatch_origin, object_type, object, native, name, expiry_of(object));
    else if (operation.loopwatch_origin.started == 0)
        operation.loopwatch_origin.started = ticks();
}

/// ASIO_HANDLER_REACTOR_OPERATION: what the operation waits for was tried, and is there unless the error says that it
/// would block.
template <typename Operation, typename Error, typename... Sizes>
LOOPWATCH_IN_HANDLERS void performed(Operation& operation, char const*, Error const& error, Sizes const&...) noexcept
{
    operation.loopwatch_origin.ready = error.value() == EAGAIN ? 0 : ticks();
}

/// ASIO_HANDLER_LOCATION: what is started from here on, until it goes, is started there. The outermost one counts:
/// those within it are Asio's own, of operations that are made of others ("async_read"). But a coroutine that is run
/// within the wait of another one, as by dispatch() or co_spawn(), waits where it says itself: its function's name has
/// parentheses, or where that is not known there is no file either.
class location {
public:
    location(char const* file, std::uint32_t line, char const* function) noexcept
        : record_{this_threads()},
          outer_file_{record_.file},
          outer_line_{record_.line},
          counts_{&record_ != &nobodys && (outer_file_ == nullptr || is_coroutines(file, function))}
    {
        if (!counts_) return;
        record_.file = file;
        record_.line = line;
    }
    location(location const&) = delete;
    location& operator=(location const&) = delete;
    ~location()
    {
        if (!counts_) return;
        record_.file = outer_file_;
        record_.line = outer_line_;
    }

private:
    static bool is_coroutines(char const* file, char const* function) noexcept
    {
        return file == nullptr || (function != nullptr && std::strchr(function, '(') != nullptr);
    }

    thread_record& record_;
    char const* const outer_file_;
    std::uint32_t const outer_line_;
    bool const counts_;
};

}  // namespace exact
}  // namespace exact_v1
}  // namespace loopwatch
