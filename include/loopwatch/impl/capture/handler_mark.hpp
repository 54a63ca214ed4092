// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/fixed.hpp"
#include "../unwind/foreign_memory_linux.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <signal.h>

// A process may have several runtimes of this library: a program and a plugin that do not share symbols each have one.
// They share the signal: each handler passes it on to the one that it replaced. So a handler of this library must be
// distinguished from one of the program. It has a mark in its code, and returns the next handler when called
// with signal 0.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A handler of this library. Called with signal 0, by another runtime, it writes the handler to which it passes the
/// signal on, or null, to where the third argument points.
using capture_handler = void (*)(int, siginfo_t*, void*);

// The number is the version of this protocol.
#define LOOPWATCH_CAPTURE_HANDLER_MARK "loopwatch capture handler 1 "
#if LOOPWATCH_HAS_X86_64()
#define LOOPWATCH_MARK_CAPTURE_HANDLER() __asm__ volatile("jmp 1f\n.ascii \"" LOOPWATCH_CAPTURE_HANDLER_MARK "\"\n1:")
#else
#define LOOPWATCH_MARK_CAPTURE_HANDLER() __asm__ volatile("b 1f\n.ascii \"" LOOPWATCH_CAPTURE_HANDLER_MARK "\"\n1:")
#endif
static_assert((sizeof LOOPWATCH_CAPTURE_HANDLER_MARK - 1) % 4 == 0, "instructions of aarch64 are aligned");

/// Whether this is a handler of any runtime of this library. Reads its first bytes.
[[nodiscard]] inline bool is_marked(capture_handler handler)
{
    fixed<char, 256> code{};
    long const got = read_own_memory(reinterpret_cast<std::uintptr_t>(handler), code.data(), code.size());
    if (got <= 0) return false;
    std::string_view const read{code.data(), static_cast<std::size_t>(got)};
    return read.find(LOOPWATCH_CAPTURE_HANDLER_MARK) != read.npos;
}

/// Whether `first`, a marked handler, passes the signal on to `wanted`, directly or by others.
[[nodiscard]] inline bool passes_on(capture_handler first, capture_handler wanted)
{
    constexpr int most_runtimes = 64;
    for (int i = 0; i < most_runtimes && first != nullptr; ++i) {
        if (first == wanted) return true;
        capture_handler next = nullptr;
        first(0, nullptr, static_cast<void*>(&next));
        first = next;
    }
    return false;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
