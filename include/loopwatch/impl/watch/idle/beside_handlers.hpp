// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../detail/algorithm.hpp"
#include "../../../detail/config.hpp"
#include "../../base/view.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What beside_handlers() asks of the code.
template <typename T>
concept code_reader = requires(T& code, std::uintptr_t address) {
    /// Where the function begins in which a call returns to `address`; 0: not known.
    { code.function_start(address) } -> std::same_as<std::uintptr_t>;
    /// Whether the call that returns to `address` names its target: not through a pointer, as every handler is called.
    { code.is_direct_call(address) } -> std::same_as<bool>;
    /// Something that is the same for all code of one module.
    { code.module_of(address) } -> std::same_as<std::uintptr_t>;
};

/// Whether a thread waits in the loop and in no handler of it, without the name of any function. Pure.
///
/// `waiting` is the whole stack of the thread as it waits, `beat` the one by which a heartbeat came there right after;
/// both most recent first. Both share the frames of main(), run() and so on; where they part, one function has two
/// calls: one leads to the wait, one to handlers. That is the scheduler's turn, or whatever that is inlined into.
///
/// It could be a function further out, which runs the loop in two ways (`ctx.run_one(); ctx.poll();`): waiting in a
/// handler of the one, it was seen with a heartbeat in the other. But every handler is called through a pointer, and
/// between the scheduler's turn and the system call none is; but for an interceptor's of the system's library.
template <code_reader Code>
[[nodiscard]] bool beside_handlers(view<std::uintptr_t const> waiting, view<std::uintptr_t const> beat, Code&& code)
{
    std::size_t w = waiting.size();
    std::size_t b = beat.size();
    for (; w > 0 && b > 0 && waiting[w - 1] == beat[b - 1]; --w) --b;
    if (w < 2 || b < 2) return false;  // no call further in, or one stack is a part of the other
    std::size_t const parting = w - 1;

    std::uintptr_t const function = code.function_start(waiting[parting]);
    if (function == 0 || function != code.function_start(beat[b - 1])) return false;

    // Where the heartbeat was called from, a handler is called from: by other calls of the functions further out, too.
    auto const inner_beat = beat.first(b);
    for (std::uintptr_t const address : waiting.first(w))
        if (contains(inner_beat, address)) return false;

    std::uintptr_t const system = code.module_of(waiting[0]);
    bool const own_module = system != 0 && system != code.module_of(waiting[parting]);
    for (std::size_t caller = 1; caller < parting; ++caller) {
        bool const into_system = own_module && code.module_of(waiting[caller - 1]) == system;
        if (!into_system && !code.is_direct_call(waiting[caller])) return false;
    }
    return true;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
