// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../base/view.hpp"
#include "../coroutine/awaitable_layouts.hpp"
#include "../coroutine/awaiters.hpp"
#include "../platform/stack_bounds.hpp"
#include "../run_list/run_list.hpp"
#include "../unwind/cfi_lookup.hpp"
#include "../unwind/constant_blocks_linux.hpp"
#include "../unwind/foreign_memory_linux.hpp"
#include "../unwind/registers.hpp"
#include "../unwind/stack_view.hpp"
#include "../unwind/trace.hpp"
#include "../unwind/unwinder.hpp"
#include "loop_standing.hpp"
#include "snapshot.hpp"

#include <cstddef>
#include <cstdint>
#include <tuple>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A buffer for the innermost bytes of a thread's stack.
struct stack_bytes {
    static constexpr std::size_t most = 65'536;

    std::uintptr_t base{0};
    std::size_t size{0};
    fixed<std::byte, most> bytes;

    /// Touches each page, so that the signal handler causes no page faults: those of all 16 pages take as long as
    /// everything else in it.
    void touch()
    {
        constexpr std::size_t page = 4096;
        for (std::size_t at = 0; at < most; at += page) {
            std::byte volatile& first = bytes[at];
            std::byte const kept = first;
            first = kept;
        }
    }

    [[nodiscard]] stack_copy copy() const { return {base, view{bytes}.first(size)}; }
};

/// What a signal handler copies: enough to walk the stack later, on another thread.
struct stack_image {
    machine_words words;
    std::int64_t taken_at_ns;    // on CLOCK_MONOTONIC, which is steady_clock
    std::uintptr_t run_list;     // the first element of the thread's list of loops, if requested
    std::uintptr_t strand_list;  // the first element of its list of strands, if requested
    stack_bytes stack;
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

/// How many bytes to copy from `base` on: up to the end of the stack, if known.
[[gnu::always_inline]] inline std::size_t size_from(std::uintptr_t base, stack_bounds const& bounds)
{
    if (!bounds.hold(base)) return stack_bytes::most;
    std::size_t const left = (bounds.end - base) & ~std::size_t{7};
    return left < stack_bytes::most ? left : stack_bytes::most;
}

/// Copies a stack from its innermost end, by a system call, up to the end of what is mapped: so the end of the stack
/// need not be known, be it a thread's, a fiber's or an alternate signal stack. False if nothing can be read.
/// async-signal-safe.
LOOPWATCH_UNINSTRUMENTED inline bool copy_stack(std::uintptr_t sp, stack_bounds const& bounds, stack_bytes& to)
{
    // A leaf function may keep values below its stack pointer. The main thread's stack may not have grown that far yet.
    to.base = (sp - machine::red_zone) & ~std::uintptr_t{7};
    long got = read_own_memory(to.base, to.bytes.data(), size_from(to.base, bounds));
    if (got <= 0) {
        to.base = sp & ~std::uintptr_t{7};
        got = read_own_memory(to.base, to.bytes.data(), size_from(to.base, bounds));
    }
    to.size = got > 0 ? static_cast<std::size_t>(got) : 0;
    return got > 0;
}

/// async-signal-safe. Does not call memcpy, which sanitizers intercept and the loader may bind lazily. `size` is a
/// multiple of eight, and both pointers are aligned to eight.
[[gnu::always_inline]] inline void copy_bytes(void* to, void const* from, std::size_t size)
{
#if LOOPWATCH_HAS_X86_64()
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size)::"memory");
#else
    auto* out = static_cast<std::uint64_t*>(to);
    auto const* in = static_cast<std::uint64_t const*>(from);
    for (; size > 0; size -= sizeof *out) {
        *out++ = *in++;
        __asm__ volatile("" ::: "memory");  // keeps the compiler from calling memcpy
    }
#endif
}

/// Copies the stack that the calling signal handler has interrupted. async-signal-safe. The stack that the thread was
/// created with is copied by plain loads, at a tenth of the cost of a system call. That is safe: the kernel has just
/// written below the stack pointer, to deliver the signal, and above it are frames of calls that have not returned.
LOOPWATCH_UNINSTRUMENTED inline void copy_own_stack(std::uintptr_t sp, stack_bounds const& bounds, stack_bytes& to)
{
    if (!bounds.hold(sp) || bounds.owner != thread_pointer()) {
        copy_stack(sp, {}, to);
        return;
    }
    std::uintptr_t const base = (sp - machine::red_zone) & ~std::uintptr_t{7};
    to.base = base < bounds.low ? sp & ~std::uintptr_t{7} : base;
    to.size = size_from(to.base, bounds);
    copy_bytes(to.bytes.data(), reinterpret_cast<void const*>(to.base), to.size);
}

[[nodiscard]] constexpr capture_error capture_error_of(trace const& t)
{
    switch (t.end) {
        case unwind_end::outermost: break;
        case unwind_end::no_unwind_info: return capture_error::no_unwind_info;
        case unwind_end::copy_exhausted: return capture_error::copy_exhausted;
        case unwind_end::unknown_register: return capture_error::unknown_register;
        case unwind_end::bad_unwind_info:
        case unwind_end::not_outwards: return capture_error::bad_stack;
        case unwind_end::too_deep: return capture_error::too_deep;
    }
    if (t.has(&frame_note::unwinding)) return capture_error::half_restored;
    return t.uncertain() ? capture_error::guessed : capture_error::none;
}

/// The first elements of a thread's lists when its stack was copied; nothing if not known.
struct list_heads {
    maybe<std::uintptr_t> loops;
    maybe<std::uintptr_t> strands;
};

/// Walks copied stacks, on the watchdog; takes tens of microseconds. Modules are read through foreign_memory, so that
/// unloading one causes no fault.
class offline_unwinder {
public:
    /// What never changes is read once from now on. Takes a lock of the loader's.
    void prepare() { constant_.find_memory(); }

    /// Fills in the frames, and the coroutines that await the running one.
    void operator()(registers const& from, stack_copy const& stack, outside_copy policy, list_heads const& lists,
                    snapshot& to)
    {
        walk(from, stack, policy, lists, to);
        find_awaiters_of_last(from, stack, to);
    }

    /// Whether the instruction before `pc` is a system call.
    [[nodiscard]] bool follows_system_call(std::uintptr_t pc)
    {
        memory_.forget();
        return detail::follows_system_call(memory_, pc);
    }

    /// Fills in the frames, and where the thread is in relation to its loop and strand.
    void walk(registers const& from, stack_copy const& stack, outside_copy policy, list_heads const& lists,
              snapshot& to)
    {
        unwind(from, stack, policy, memory_, trace_);
        to.size = trace_.size;
        to.loop_frames = 0;
        for (std::size_t i = 0; i < trace_.size; ++i) {
            to.addresses[i] = trace_.frames()[i];
            to.marks[i] = trace_.marks[i];
            to.contents[i] = i == 0 ? 0 : contents_of(i, stack);
            if (trace_.cfas[i] != 0 && trace_.cfas[i] < to.within) ++to.loop_frames;
        }
        to.first_is_exact = true;
        to.missing = stack.bytes.empty() || memory_.refused() ? capture_error::unreadable : capture_error_of(trace_);
        to.where = standing::unknown;
        if (lists.loops && to.loop.known()) find_standing(stack, *lists.loops, to);
        to.let_go = false;
        if (lists.strands && to.strand.known()) {
            run_list const held = list_in(stack, *lists.strands);
            to.let_go = held.whole && held.find(to.strand.address) == nullptr;
        }
    }

    /// Fills in the coroutines that await the running one. Call it after walk(), for the same stack.
    void find_awaiters_of_last(registers const& from, stack_copy const& stack, snapshot& to)
    {
        to.awaiters_size = 0;
        auto const layouts = process_awaitable_layouts.known();
        if (layouts.size == 0) return;
        fixed<std::uintptr_t, machine::register_count> values{};
        std::size_t known = 0;
        for (unsigned i = 0; i < machine::register_count; ++i)
            if (from.knows(i)) values[known++] = from[i];
        coroutine_evidence const evidence{.stack = up_to_outermost(stack),
                                          .stack_end = 0,
                                          .registers = view{values}.first(known),
                                          .addresses = trace_.frames(),
                                          .first_is_exact = true};
        auto const read = [this](std::uintptr_t at, view<std::byte> into) {
            return memory_.read_some(at, into.data(), into.size());
        };
        auto const function_start = [this](std::uintptr_t address) -> std::uintptr_t {
            cfi_entry entry;
            return find_entry(memory_, address, entry) == cfi_found::yes ? entry.begin : 0;
        };
        awaiter_chain const chain = find_awaiters(evidence, {layouts.begin(), layouts.size}, read, function_start);
        for (std::uintptr_t const each : chain.awaiters()) to.awaiters[to.awaiters_size++] = each;
        to.awaited = chain.running;
        to.awaiters_read_at = clock::now();
    }

private:
    [[nodiscard]] run_list list_in(stack_copy const& stack, std::uintptr_t first)
    {
        // The part of a deep stack that was not copied is read now: an element that is still there was there before.
        auto const read = [&](std::uintptr_t at, fixed<std::uintptr_t, 3>& words) {
            if (!stack.holds(at, sizeof words)) return memory_.read(at, words.data(), sizeof words);
            for (std::size_t i = 0; i < words.size(); ++i) words[i] = stack.word_at(at + i * sizeof words[0]);
            return true;
        };
        return follow_run_list(first, read);
    }

    void find_standing(stack_copy const& stack, std::uintptr_t first, snapshot& to)
    {
        auto const [where, inner_frames] = standing_of(trace_, stack.base, list_in(stack, first), to.loop, memory_);
        to.where = where;
        to.inner_frames = inner_frames;
    }

    /// FNV-1a over the words of the frame; 0: not known.
    [[nodiscard]] std::uint32_t contents_of(std::size_t frame, stack_copy const& stack) const
    {
        constexpr std::uintptr_t most = 4096;
        std::uintptr_t const begin = trace_.cfas[frame - 1];
        std::uintptr_t const end = trace_.cfas[frame];
        if (begin == 0 || end <= begin || end - begin > most || begin % sizeof begin != 0) return 0;
        std::uint64_t hash = 0xcbf29ce484222325U;
        for (std::uintptr_t at = begin; at < end; at += sizeof begin) {
            if (!stack.holds(at, sizeof begin)) return 0;
            hash = (hash ^ stack.word_at(at)) * 0x100000001b3U;
        }
        return static_cast<std::uint32_t>(hash >> 32) | 1;
    }

    /// The copy up to the end of the stack. If the stack's bounds are not known, the copy includes whatever is mapped
    /// beyond it: the tables of a library look like a thousand pointers, each of which would cost a system call.
    [[nodiscard]] stack_copy up_to_outermost(stack_copy const& stack) const
    {
        if (trace_.end != unwind_end::outermost) return stack;
        auto const ends = view{trace_.cfas}.first(trace_.size);
        std::uintptr_t const end = ends.empty() ? 0 : std::ranges::max(ends);
        if (end <= stack.base || end >= stack.end()) return stack;
        return {stack.base, stack.bytes.first(end - stack.base)};
    }

    constant_blocks constant_;
    foreign_memory memory_{&constant_};
    trace trace_;
};
static_assert(snapshot::max_frames == trace::max_frames);
static_assert(decltype(snapshot::awaiters)::size() == awaiter_chain::max);

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
