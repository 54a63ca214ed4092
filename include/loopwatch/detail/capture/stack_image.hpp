// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../clock.hpp"
#include "../config.hpp"
#include "../coroutine/awaitable_layout.hpp"
#include "../coroutine/awaiters.hpp"
#include "../unwind/cfi_lookup.hpp"
#include "../unwind/foreign_memory.hpp"
#include "../unwind/registers.hpp"
#include "../unwind/stack_view.hpp"
#include "../unwind/trace.hpp"
#include "../unwind/unwinder.hpp"
#include "snapshot.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The innermost part of a thread's stack, as bytes.
struct stack_bytes {
    static constexpr std::size_t most = 65'536;

    std::uintptr_t base{0};
    std::size_t size{0};
    std::array<std::byte, most> bytes;

    [[nodiscard]] stack_copy copy() const { return {base, std::span{bytes}.first(size)}; }
};

/// What a signal handler copies: enough to walk the stack later, elsewhere.
struct stack_image {
    machine_words words;
    stack_bytes stack;
    std::int64_t taken_at_ns;  // on CLOCK_MONOTONIC, which is steady_clock
};

/// async-signal-safe
[[gnu::always_inline]] inline std::uintptr_t stack_pointer_of(machine_words const& words)
{
#if LOOPWATCH_HAS_X86_64()
    return words.data()[REG_RSP];
#else
    return words.data()[31];
#endif
}

/// Copies a stack from its innermost end. async-signal-safe. By the kernel, up to the end of what is mapped: so nobody
/// has to know where a stack ends, be it a thread's, a fiber's or an alternate one. False if nothing can be read.
LOOPWATCH_UNINSTRUMENTED inline bool copy_stack(std::uintptr_t sp, stack_bytes& to)
{
    // A leaf function may keep values below its stack pointer. The main thread's stack may not have grown as far.
    to.base = (sp - machine::red_zone) & ~std::uintptr_t{7};
    long got = read_own_memory(to.base, to.bytes.data(), stack_bytes::most);
    if (got <= 0) {
        to.base = sp & ~std::uintptr_t{7};
        got = read_own_memory(to.base, to.bytes.data(), stack_bytes::most);
    }
    to.size = got > 0 ? static_cast<std::size_t>(got) : 0;
    return got > 0;
}

[[nodiscard]] constexpr gap gap_of(trace const& t)
{
    switch (t.end) {
        case unwind_end::outermost: break;
        case unwind_end::no_unwind_info: return gap::no_unwind_info;
        case unwind_end::copy_exhausted: return gap::copy_exhausted;
        case unwind_end::unknown_register: return gap::unknown_register;
        case unwind_end::bad_unwind_info:
        case unwind_end::not_outwards: return gap::bad_stack;
        case unwind_end::too_deep: return gap::too_deep;
    }
    if (t.has(&frame_note::unwinding)) return gap::half_restored;
    return t.uncertain() ? gap::guessed : gap::none;
}

/// On the watchdog; tens of microseconds. The memory of modules is read so that one that is unloaded can't fault.
class offline_unwinder {
public:
    /// Fills in the frames, and the coroutines that await the running one.
    void operator()(registers const& from, stack_copy const& stack, outside_copy policy, snapshot& to)
    {
        walk(from, stack, policy, to);
        find_awaiters_of(from, stack, to);
    }

private:
    void walk(registers const& from, stack_copy const& stack, outside_copy policy, snapshot& to)
    {
        unwind(from, stack, policy, memory_, trace_);
        to.size = trace_.size;
        std::ranges::copy(trace_.frames(), to.addresses.begin());
        to.first_is_exact = true;
        to.loop_frames = static_cast<std::size_t>(
            std::ranges::count_if(trace_.cfas.begin(), trace_.cfas.begin() + static_cast<std::ptrdiff_t>(trace_.size),
                                  [&](std::uintptr_t cfa) { return cfa != 0 && cfa < to.within; }));
        to.missing = gap_of(trace_);
    }

    void find_awaiters_of(registers const& from, stack_copy const& stack, snapshot& to)
    {
        to.awaiters_size = 0;
        auto const layouts = process_awaitable_layouts.known();
        if (layouts.size == 0) return;
        std::array<std::uintptr_t, machine::register_count> values{};
        std::size_t known = 0;
        for (unsigned i = 0; i < machine::register_count; ++i)
            if (from.knows(i)) values[known++] = from[i];
        coroutine_evidence const evidence{.stack = stack,
                                          .stack_end = 0,
                                          .registers = std::span{values}.first(known),
                                          .addresses = trace_.frames(),
                                          .first_is_exact = true};
        auto const read = [](std::uintptr_t at, std::span<std::byte> into) {
            long const got = read_own_memory(at, into.data(), into.size());
            return got > 0 ? static_cast<std::size_t>(got) : 0;
        };
        auto const function_start = [this](std::uintptr_t address) -> std::uintptr_t {
            cfi_entry entry;
            return find_entry(memory_, address, entry) == cfi_found::yes ? entry.begin : 0;
        };
        awaiter_chain const chain = find_awaiters(evidence, {layouts.begin(), layouts.size}, read, function_start);
        std::ranges::copy(chain.awaiters(), to.awaiters.begin());
        to.awaiters_size = chain.size;
        to.awaited = chain.running;
        to.awaiters_read_at = clock::now();
    }

    foreign_memory memory_;
    trace trace_;
};
static_assert(snapshot::max_frames == trace::max_frames);
static_assert(std::tuple_size_v<decltype(snapshot::awaiters)> == awaiter_chain::max);

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
