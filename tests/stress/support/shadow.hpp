// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "run.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include <loopwatch/impl/platform/thread.hpp>
#include <loopwatch/impl/unwind/stack_view.hpp>

// What a thread's stack ought to look like, by its own account. The account lies on that very stack, in the frame of
// the outermost function: whoever copies the stack copies the account of the same moment with it, so that there is
// nothing to synchronize and no tolerance. Its counter of steps also tells whether that moment was between two others.

namespace stress {

/// The addresses in this program to which marked functions were ever seen to return.
class call_sites {
public:
    void add(std::uintptr_t site)
    {
        for (std::size_t i = site % size, n = 0; n < size; i = (i + 1) % size, ++n) {
            std::uintptr_t held = sites_[i].load(std::memory_order_relaxed);
            if (held == site) return;
            if (held == 0 && sites_[i].compare_exchange_strong(held, site, std::memory_order_relaxed)) return;
            if (held == site) return;
        }
        fail("more call sites than expected");
    }
    [[nodiscard]] bool has(std::uintptr_t site) const
    {
        for (std::size_t i = site % size, n = 0; n < size; i = (i + 1) % size, ++n) {
            std::uintptr_t const held = sites_[i].load(std::memory_order_relaxed);
            if (held == site) return true;
            if (held == 0) return false;
        }
        return false;
    }

private:
    static constexpr std::size_t size = 1021;
    std::array<std::atomic<std::uintptr_t>, size> sites_{};
};
inline call_sites known_sites;

struct shadow {
    static constexpr std::size_t most = 160;
    static constexpr std::uint64_t signature = 0x5ad0'57ac'c0de'f00d;

    std::uint64_t first{signature};
    loopwatch::detail::thread_number owner{loopwatch::detail::this_thread_number()};
    std::uint64_t step{0};
    std::uint64_t depth{0};
    std::array<std::uintptr_t, most> sites;  // outermost first: where each function on the stack returns to
    std::uint64_t last{signature};

    [[nodiscard]] std::uint64_t step_now() const { return __atomic_load_n(&step, __ATOMIC_RELAXED); }
};

inline thread_local shadow* my_shadow = nullptr;

/// Whether a site is in this program, where functions without a mark don't have it.
enum class caller { marked, foreign };
constexpr std::uintptr_t foreign_bit = std::uintptr_t{1} << 63;

/// The first local of a marked function.
class mark {
public:
    [[gnu::always_inline]] explicit mark(caller whose = caller::marked)
        : mark{reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)), whose}
    {
    }
    mark(mark const&) = delete;
    mark& operator=(mark const&) = delete;
    ~mark()
    {
        shadow& s = *my_shadow;
        std::atomic_signal_fence(std::memory_order_seq_cst);
        --s.depth;
        std::atomic_signal_fence(std::memory_order_seq_cst);
        __atomic_store_n(&s.step, s.step + 1, __ATOMIC_RELAXED);
    }

private:
    [[gnu::noinline]] mark(std::uintptr_t site, caller whose)
    {
        shadow& s = *my_shadow;
        if (s.depth >= shadow::most) fail("a thread called deeper than its account goes");
        if (whose == caller::marked) known_sites.add(site);
        s.sites[s.depth] = whose == caller::marked ? site : site | foreign_bit;
        std::atomic_signal_fence(std::memory_order_seq_cst);
        ++s.depth;
        __atomic_store_n(&s.step, s.step + 1, __ATOMIC_RELAXED);
    }
};

/// Keeps a call from becoming a jump: its caller must stay on the stack.
[[gnu::always_inline]] inline void stay() { __asm__ volatile("" ::: "memory"); }

/// Runs `work` with an account of this thread. Not instrumented: a sanitizer may keep locals elsewhere.
template <typename Work>
[[gnu::noinline]] __attribute__((no_sanitize("address"))) void with_shadow(std::atomic<shadow*>& where, Work work)
{
    shadow mine;
    my_shadow = &mine;
    where.store(&mine, std::memory_order_release);
    work();
    where.store(nullptr, std::memory_order_release);
    my_shadow = nullptr;
    stay();
}

/// The account that lies in the copy of a stack. None: the stack is deeper than what was copied.
inline std::optional<shadow> shadow_in(loopwatch::detail::stack_copy const& copy, shadow const* where)
{
    auto const at = reinterpret_cast<std::uintptr_t>(where);
    if (!copy.holds(at, sizeof(shadow))) return std::nullopt;
    shadow found;
    std::memcpy(&found, copy.bytes.data() + (at - copy.base), sizeof found);
    return found;
}

/// Whether a captured stack is the one that the thread accounts for. A function that is just being entered or left
/// is on the stack without being in the account, and nothing else.
inline bool agrees(shadow const& account, std::span<std::uintptr_t const> captured)
{
    if (account.depth > shadow::most || captured.empty()) return false;
    std::vector<std::uintptr_t> marked;
    std::vector<std::uintptr_t> all;
    for (std::size_t i = account.depth; i > 0; --i) {
        std::uintptr_t const site = account.sites[i - 1];
        if ((site & foreign_bit) == 0) marked.push_back(site);
        all.push_back(site & ~foreign_bit);
    }
    // The first address is where the thread was, and not where a call returns to.
    auto const callers = captured.subspan(1);
    std::vector<std::uintptr_t> seen;
    std::ranges::copy_if(callers, std::back_inserter(seen), [](std::uintptr_t a) { return known_sites.has(a); });
    bool const same = seen == marked;
    bool const one_more =
        seen.size() == marked.size() + 1 && std::equal(marked.begin(), marked.end(), seen.begin() + 1);
    if (!same && !one_more) return false;
    auto wanted = all.begin();
    for (std::uintptr_t const a : callers)
        if (wanted != all.end() && *wanted == a) ++wanted;
    return wanted == all.end();
}

}  // namespace stress
