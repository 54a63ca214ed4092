// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/coroutine/awaitable_layout.hpp"
#include "../base/fixed.hpp"
#include "../base/view.hpp"
#include "frame_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

// Finds the coroutines that await the one that a thread runs. A stack also contains stale pointers to coroutine frames,
// some of them reused elsewhere. This proves that a coroutine runs on this stack:
//
//     saved register ──▶ frame ── attached_thread_ ──▶ awaitable_thread ── bottom_of_stack_ ──▶ promise
//     or stack word       │  ▲     (not null only        (on this stack, or                       ▲
//                         │  └ its own handle             pointed at from it)                     │
//                         └── caller_ ──▶ promise ── caller_ ──▶ ... ── caller_ ──────────────────┘
//
// Asio attaches the frame that it runs to the awaitable_thread that runs it, and detaches it when it suspends, awaits
// another one or ends. The awaitable_thread is nearly always a local variable of the loop: then its address says on
// which stack it is, and which one of two runs inside the other. The frame must point to it, and the chain of callers
// must end at its bottom_of_stack_.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What is known about a thread at one moment.
struct coroutine_evidence {
    stack_copy stack{};                      // from the stack pointer, or the red zone below it, upwards
    std::uintptr_t stack_end{0};             // the end of the thread's stack; 0: not known
    view<std::uintptr_t const> registers{};  // all general ones that are known, in any order
    view<std::uintptr_t const> addresses{};  // of its call stack, most recent first
    bool first_is_exact{true};               // the first address is the program counter, not a return address
};

/// The coroutines that await the running one. The addresses are starts of functions, to be symbolized unchanged.
struct awaiter_chain {
    static constexpr std::size_t max = 64;
    static constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

    fixed<std::uintptr_t, max> addresses{};  // innermost first; only the first `size` are set
    std::size_t size{0};
    bool cut{false};                     // there are more than `max`: the outermost are left out
    std::uintptr_t running{0};           // the running coroutine; 0: none was found
    std::size_t running_frame{nowhere};  // its index in the evidence's addresses, if known

    [[nodiscard]] view<std::uintptr_t const> awaiters() const { return {addresses.data(), size}; }
};
static_assert(std::is_trivially_copyable_v<awaiter_chain>);

template <typename Memory, typename FunctionStart>
class awaiter_search {
public:
    awaiter_search(coroutine_evidence const& evidence, Memory memory, FunctionStart function_start)
        : known_{evidence}, function_start_{function_start}, reader_{known_.stack, memory, max_reads, max_failures}
    {
        size_ = std::min(known_.addresses.size(), starts_.size());
        for (std::size_t i = 0; i < size_; ++i)
            starts_[i] = function_start_(known_.addresses[i] - (i == 0 && known_.first_is_exact ? 0 : 1));
    }

    awaiter_chain run(view<awaitable_layout const> layouts)
    {
        for (awaitable_layout const& layout : layouts) {
            layout_ = layout;
            reader_.use(layout);
            for (std::uintptr_t& each : seen_) each = 0;
            for (std::uintptr_t const word : known_.registers) consider(word);
            for (std::uintptr_t at = first_word(); known_.stack.holds(at, word_size); at += word_size)
                consider(known_.stack.word_at(at));
        }
        // A search that reached a limit may have missed the right one.
        candidate const* const best = reader_.exhausted() ? nullptr : innermost();
        awaiter_chain chain{};
        if (best == nullptr) return chain;
        reader_.use(best->layout);
        layout_ = best->layout;
        if (!follow(best->frame, &chain)) return {};
        chain.running = best->frame.resume;
        chain.running_frame = best->index;
        return chain;
    }

private:
    static constexpr std::size_t word_size = sizeof(std::uintptr_t);
    static constexpr std::size_t max_reads = 16'384;
    static constexpr std::size_t max_failures = 1'024;
    static constexpr std::size_t max_links = 1'024;

    /// A coroutine that runs, according to its frame and what that points to.
    struct candidate {
        coroutine_frame frame{};
        awaitable_layout layout{};
        std::size_t index{awaiter_chain::nowhere};  // the most recent call of its function, in the evidence's addresses
        bool found{false};
        bool ambiguous{false};  // another one fits as well
    };

    [[nodiscard]] std::uintptr_t first_word() const { return (known_.stack.base + word_size - 1) & ~(word_size - 1); }

    [[nodiscard]] bool on_stack(std::uintptr_t address) const
    {
        return address >= known_.stack.base && address < std::max(known_.stack.end(), known_.stack_end);
    }

    void consider(std::uintptr_t word)
    {
        // Coroutine frames are on the heap. Most words occur more than once and are checked once.
        if (!reader_.plausible(word) || on_stack(word)) return;
        auto& last = seen_[(word / reader_.alignment * 0x9e3779b97f4a7c15u) >> 56];
        if (last == word) return;
        last = word;

        candidate c{.layout = layout_};
        if (!reader_.at_either(word, c.frame) || !runnable(c.frame)) return;
        c.index = most_recent_of(c.frame.resume);
        bool const whole = c.frame.attached_thread != 0 && follow(c.frame, nullptr);
        if (whole && on_stack(c.frame.attached_thread))
            prefer_innermost(c);
        else if (whole && c.index != awaiter_chain::nowhere && is_pointed_at(c.frame.attached_thread))
            prefer_recent(c);
        else
            unproven_ = std::min(unproven_, c.index);
    }

    [[nodiscard]] std::size_t most_recent_of(std::uintptr_t function) const
    {
        for (std::size_t i = 0; i < size_; ++i)
            if (starts_[i] == function) return i;
        return awaiter_chain::nowhere;
    }

    [[nodiscard]] bool occurs_again(std::size_t index) const
    {
        auto const rest = view{starts_}.first(size_).subspan(index + 1);
        return contains(rest, starts_[index]);
    }

    /// Whether its resume and destroy are starts of functions. False for a coroutine that has finished.
    [[nodiscard]] bool runnable(coroutine_frame const& frame) const
    {
        return frame.resume != 0 && frame.destroy != 0 && function_start_(frame.resume) == frame.resume &&
               function_start_(frame.destroy) == frame.destroy;
    }

    /// Follows the callers of a running frame. False: they don't end at the bottom_of_stack of its awaitable_thread.
    bool follow(coroutine_frame current, awaiter_chain* chain)
    {
        std::uintptr_t bottom = 0;
        if (!reader_.word(current.attached_thread + layout_.bottom_of_stack, bottom) || bottom == 0) return false;
        // The number of links is limited, because damaged ones may form a cycle.
        for (std::size_t links = 0; current.promise != bottom; ++links) {
            coroutine_frame awaiter;
            if (links == max_links || current.caller == 0 || !reader_.at_promise(current.caller, awaiter)) return false;
            if (awaiter.attached_thread != 0 || !runnable(awaiter)) return false;
            if (chain != nullptr) {
                if (chain->size < awaiter_chain::max)
                    chain->addresses[chain->size++] = awaiter.resume;
                else
                    chain->cut = true;
            }
            current = awaiter;
        }
        return current.caller == 0;
    }

    /// Whether the thread's registers or stack point to `object`, or to something that contains it: the code that runs
    /// a coroutine needs it afterwards. (gcc keeps a pointer to the object that contains it, and adds the offset.)
    [[nodiscard]] bool is_pointed_at(std::uintptr_t object) const
    {
        auto const points_at_it = [object](std::uintptr_t word) { return word <= object && object - word < 4'096; };
        if (any_of(known_.registers, points_at_it)) return true;
        for (std::uintptr_t at = first_word(); known_.stack.holds(at, word_size); at += word_size)
            if (points_at_it(known_.stack.word_at(at))) return true;
        return false;
    }

    /// Stacks grow downwards: the innermost awaitable_thread has the lowest address.
    void prefer_innermost(candidate const& c)
    {
        if (!local_.found || c.frame.attached_thread < local_.frame.attached_thread) {
            local_ = c;
            local_.found = true;
        } else if (c.frame.attached_thread == local_.frame.attached_thread && c.frame.address != local_.frame.address) {
            local_.ambiguous = true;
        }
    }

    void prefer_recent(candidate const& c)
    {
        if (!elsewhere_.found || c.index < elsewhere_.index) {
            elsewhere_ = c;
            elsewhere_.found = true;
        } else if (c.index == elsewhere_.index && c.frame.address != elsewhere_.frame.address) {
            elsewhere_.ambiguous = true;
        }
    }

    /// The innermost running one, or null if that is not certain.
    [[nodiscard]] candidate const* innermost() const
    {
        candidate const* best = local_.found ? &local_ : nullptr;
        if (elsewhere_.found) {
            // Where this one is on the stack is known by its function only. If the other one's function is not on the
            // stack, or is the same and called more than once, it is not known which of the two is further in. If it is
            // the same and called once, this one runs on another thread.
            if (best != nullptr && (best->index == awaiter_chain::nowhere ||
                                    (elsewhere_.index == best->index && occurs_again(best->index))))
                return nullptr;
            if (best == nullptr || elsewhere_.index < best->index) best = &elsewhere_;
        }
        if (best == nullptr || best->ambiguous) return nullptr;
        // If the function of an unproven coroutine is called further in, that one is the innermost: it starts an
        // operation and may be blocked in that, or is being destroyed, or could not be proved to run here.
        return unproven_ < best->index ? nullptr : best;
    }

    coroutine_evidence const& known_;
    FunctionStart function_start_;
    frame_reader<Memory> reader_;
    awaitable_layout layout_{};
    fixed<std::uintptr_t, 128> starts_{};
    std::size_t size_{0};
    fixed<std::uintptr_t, 256> seen_{};
    candidate local_{};      // its awaitable_thread is on this stack
    candidate elsewhere_{};  // its awaitable_thread is on the heap
    std::size_t unproven_{awaiter_chain::nowhere};
};

/// The coroutines that await the one that the thread runs; none if that can't be proved.
///
/// `memory(address, view<std::byte>)` reads memory of the process and returns how many bytes it could read;
/// `function_start(address)` returns the start of the function that contains an address, or 0.
/// Runs on the watchdog: never faults, allocates or throws. If the thread runs meanwhile, the result may be of another
/// moment, and the caller must drop it.
template <typename Memory, typename FunctionStart>
awaiter_chain find_awaiters(coroutine_evidence const& evidence, view<awaitable_layout const> layouts, Memory memory,
                            FunctionStart function_start)
{
    if (layouts.empty()) return {};
    return awaiter_search{evidence, memory, function_start}.run(layouts);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
