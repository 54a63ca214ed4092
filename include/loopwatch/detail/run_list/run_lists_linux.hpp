// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "../fixed.hpp"
#include "../maybe.hpp"
#include "../stack_bounds.hpp"
#include "../thread.hpp"
#include "../unwind/foreign_memory.hpp"
#include "run_list.hpp"
#include "scheduler_identity.hpp"
#include "thread_areas.hpp"
#include "thread_pointers.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The outermost call by which the calling thread runs this loop, by where its element is; 0: it does not. Some
/// nanoseconds; not in a signal's handler, which may have interrupted a change of the list. Plain loads: an element is
/// in the frame of a call that has not returned.
inline std::uintptr_t call_here(scheduler_identity const& loop) noexcept
{
    auto const word_at = [](std::uintptr_t at) {
        std::uintptr_t word = 0;
        std::memcpy(&word, reinterpret_cast<void const*>(at), sizeof word);
        return word;
    };
    constexpr std::uintptr_t next = 2 * sizeof(std::uintptr_t);
    std::uintptr_t found = 0;
    for (std::uintptr_t at = word_at(thread_pointer() + static_cast<std::uintptr_t>(loop.list)); at != 0;
         at = word_at(at + next))
        if (word_at(at) == loop.address) found = at;
    return found;
}

/// Calls look(address, word) for each word of the calling thread in these areas.
template <typename Look>
void each_word_of_thread(thread_areas const& areas, Look const& look)
{
    constexpr std::uintptr_t word = sizeof(std::uintptr_t);
    for (thread_areas::area const& a : areas.all()) {
        std::uintptr_t const begin = thread_pointer() + static_cast<std::uintptr_t>(a.begin);
        for (std::uintptr_t at = (begin + word - 1) & ~(word - 1); at + word <= begin + a.size; at += word) {
            std::uintptr_t value = 0;
            std::memcpy(&value, reinterpret_cast<void const*>(at), sizeof value);
            look(at, value);
        }
    }
}

/// Where the list of the calling thread begins that this loop stands in: another copy of Asio, hidden in a library that
/// runs the loop, has a list of its own. Some microseconds.
[[nodiscard]] inline maybe<std::ptrdiff_t> list_with(scheduler_identity const& loop) noexcept
{
    thread_areas const* const areas = known_thread_areas.load(std::memory_order_acquire);
    if (areas == nullptr) return nothing;
    maybe<std::ptrdiff_t> found;
    auto const here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    each_word_of_thread(*areas, [&](std::uintptr_t at, std::uintptr_t value) {
        constexpr std::uintptr_t largest_stack = 1U << 26;
        fixed<std::uintptr_t, 3> words{};
        if (value % sizeof value != 0 || value - here >= largest_stack) return;
        if (read_own_memory(value, words.data(), sizeof words) != static_cast<long>(sizeof words)) return;
        bool const is_element = words[0] == loop.address && (words[2] == 0 || words[2] - value < largest_stack);
        if (is_element) found = static_cast<std::ptrdiff_t>(at - thread_pointer());
    });
    return found;
}

/// Reads the lists of threads that do not stand still, by the kernel, so that one that ends can't fault. Used under the
/// watchdog's mutex. A microsecond a thread.
class run_lists {
public:
    static run_lists& shared()
    {
        static auto* const one = new run_lists;  // never destroyed, as the thread that uses it
        return *one;
    }

    /// The first element of its list, or 0; nothing if it can't be read.
    [[nodiscard]] maybe<std::uintptr_t> first_of(thread_number thread, scheduler_identity const& loop) const
    {
        auto const pointer = pointers_.of(thread);
        if (!pointer || *pointer == 0) return pointer;
        std::uintptr_t first = 0;
        if (!read(*pointer + static_cast<std::uintptr_t>(loop.list), &first, sizeof first)) return nothing;
        return first;
    }

    /// Not whole if it can't be read, also because it changes all the time.
    [[nodiscard]] run_list of(thread_number thread, scheduler_identity const& loop) const
    {
        constexpr int tries = 3;
        for (int i = 0; i < tries; ++i) {
            auto const first = first_of(thread, loop);
            if (!first) break;
            run_list const found = follow_run_list(*first, [](std::uintptr_t at, fixed<std::uintptr_t, 3>& words) {
                return read(at, words.data(), sizeof words);
            });
            // What was read of elements that have left the list meanwhile is not believed.
            if (*first == 0 || first_of(thread, loop) == first) return found;
        }
        return {};
    }

private:
    static bool read(std::uintptr_t from, void* to, std::size_t size)
    {
        return read_own_memory(from, to, size) == static_cast<long>(size);
    }

    thread_pointers pointers_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
