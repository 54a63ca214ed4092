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

// Finds the coroutines that await the one a thread runs. What proves that a coroutine runs on this very stack, where
// pointers to frames of long ago lie about, some of them in use again elsewhere:
//
//     saved register ──▶ frame ── attached_thread_ ──▶ awaitable_thread ── bottom_of_stack_ ──▶ promise
//     or stack word       │  ▲     (not null only        (on this stack, or                       ▲
//                         │  └ its own handle             pointed at from it)                     │
//                         └── caller_ ──▶ promise ── caller_ ──▶ ... ── caller_ ──────────────────┘
//
// Asio attaches the frame that it runs to the awaitable_thread that runs it, and detaches it when it suspends, awaits
// another or ends. That object is nearly always a local variable of the loop's: then its address tells whose stack it
// is on, and of two, which one runs inside the other. The frame must lead to it, and the callers must end where it
// says.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What is known of a thread at one moment.
struct coroutine_evidence {
    stack_copy stack{};                      // from the stack pointer, or the red zone before it, upwards
    std::uintptr_t stack_end{0};             // where that thread's stack ends, if it is known: else 0
    view<std::uintptr_t const> registers{};  // all general ones, in any order
    view<std::uintptr_t const> addresses{};  // of its physical frames, most recent first
    bool first_is_exact{true};               // the first address is where it was, not where a call returns to
};

/// Which coroutines await the one that runs. Addresses are of functions' starts, to be symbolized as they are.
struct awaiter_chain {
    static constexpr std::size_t max = 64;
    static constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

    fixed<std::uintptr_t, max> addresses{};  // innermost first; only the first `size` are set
    std::size_t size{0};
    bool cut{false};                     // there are more than `max`: the outermost are left out
    std::uintptr_t running{0};           // the coroutine that is awaited; 0: none was found
    std::size_t running_frame{nowhere};  // its place among the evidence's addresses, where it is known

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
        // A search that had to stop may have missed the right one.
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

    /// A coroutine that runs, by all that its frame and what it leads to say.
    struct candidate {
        coroutine_frame frame{};
        awaitable_layout layout{};
        std::size_t index{awaiter_chain::nowhere};  // the most recent physical frame of its function
        bool found{false};
        bool ambiguous{false};  // another one is as good
    };

    [[nodiscard]] std::uintptr_t first_word() const { return (known_.stack.base + word_size - 1) & ~(word_size - 1); }

    [[nodiscard]] bool on_stack(std::uintptr_t address) const
    {
        return address >= known_.stack.base && address < std::max(known_.stack.end(), known_.stack_end);
    }

    void consider(std::uintptr_t word)
    {
        // Frames are on the heap, and most words come more than once.
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
        else if (whole && c.index != awaiter_chain::nowhere && is_held(c.frame.attached_thread))
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

    /// Whether its functions are functions. Also says no to one that has come to its end.
    [[nodiscard]] bool runnable(coroutine_frame const& frame) const
    {
        return frame.resume != 0 && frame.destroy != 0 && function_start_(frame.resume) == frame.resume &&
               function_start_(frame.destroy) == frame.destroy;
    }

    /// Goes along the callers, from a running frame to where its awaitable_thread says that they end.
    bool follow(coroutine_frame current, awaiter_chain* chain)
    {
        std::uintptr_t bottom = 0;
        if (!reader_.word(current.attached_thread + layout_.bottom_of_stack, bottom) || bottom == 0) return false;
        // Links are counted and not compared: a circle does not end either.
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

    /// Whether that thread's registers or stack point at `object`, or at something that it is part of: what runs a
    /// coroutine goes back to it afterwards. (gcc keeps the pointer to a handler's owner, and adds the distance.)
    [[nodiscard]] bool is_held(std::uintptr_t object) const
    {
        auto const points_at_it = [object](std::uintptr_t word) { return word <= object && object - word < 4'096; };
        if (any_of(known_.registers, points_at_it)) return true;
        for (std::uintptr_t at = first_word(); known_.stack.holds(at, word_size); at += word_size)
            if (points_at_it(known_.stack.word_at(at))) return true;
        return false;
    }

    /// Stacks grow downwards: what was called last has the lowest address.
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

    /// The one that runs, or null where that is not certain.
    [[nodiscard]] candidate const* innermost() const
    {
        candidate const* best = local_.found ? &local_ : nullptr;
        if (elsewhere_.found) {
            // This one is placed by its function only. Of two in the same place it may be either; else the one that is
            // not on this stack runs on another thread.
            if (best != nullptr && (best->index == awaiter_chain::nowhere ||
                                    (elsewhere_.index == best->index && occurs_again(best->index))))
                return nullptr;
            if (best == nullptr || elsewhere_.index < best->index) best = &elsewhere_;
        }
        if (best == nullptr || best->ambiguous) return nullptr;
        // The function of another one is on the stack inside it: of one that starts an operation and may hang in that,
        // or is being destroyed, or could not be proved to run here. Then that is the innermost.
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

/// The coroutines that await the one which the thread runs; none where that can't be proved.
///
/// `memory(address, view<std::byte>)` reads memory of the process and returns how many bytes it could;
/// `function_start(address)` gives the start of the function that an address is in, or 0.
/// Runs on the watchdog: never faults, allocates or throws. The thread may run on meanwhile: then the answer may be
/// that of another moment, and whoever asked must drop it.
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
