// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../../detail/run_list/scheduler_identity.hpp"
#include "../base/fixed.hpp"
#include "../platform/stack_bounds.hpp"
#include "../platform/thread.hpp"
#include "../unwind/foreign_memory_linux.hpp"
#include "run_list.hpp"
#include "thread_areas.hpp"
#include "thread_pointers_linux.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A word in memory of the calling thread, by a plain load.
[[nodiscard]] inline std::uintptr_t own_word(std::uintptr_t at) noexcept
{
    std::uintptr_t word = 0;
    std::memcpy(&word, reinterpret_cast<void const*>(at), sizeof word);
    return word;
}

/// The first element of the calling thread's list, or 0. `list`: the distance of its head from the thread pointer.
[[nodiscard]] inline std::uintptr_t first_here(std::ptrdiff_t list) noexcept
{
    return own_word(thread_pointer() + static_cast<std::uintptr_t>(list));
}

struct calls_of_thread {
    std::uintptr_t outermost{0};
    std::uintptr_t innermost{0};
};

/// The calls by which the calling thread runs this loop, by the addresses of their elements; 0: there is none. Takes
/// nanoseconds. Plain loads are safe: an element is in the frame of a call that has not returned. Not for a signal
/// handler, which may have interrupted a change of the list.
inline calls_of_thread calls_here(scheduler_identity const& loop) noexcept
{
    constexpr std::uintptr_t next = 2 * sizeof(std::uintptr_t);
    calls_of_thread found;
    for (std::uintptr_t at = first_here(loop.list); at != 0; at = own_word(at + next)) {
        if (own_word(at) != loop.address) continue;
        found.outermost = at;
        if (found.innermost == 0) found.innermost = at;
    }
    return found;
}

/// The outermost call by which the calling thread runs this loop; 0: there is none.
inline std::uintptr_t call_here(scheduler_identity const& loop) noexcept { return calls_here(loop).outermost; }

/// Whether this is the innermost strand of the calling thread, entered within the call of run() with this element.
inline bool is_in(scheduler_identity const& strand, std::uintptr_t call) noexcept
{
    auto const here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    std::uintptr_t const first = first_here(strand.list);
    return first > here && first < call && first % sizeof first == 0 && own_word(first) == strand.address;
}

/// Calls look(address, value) for each word in these areas of the calling thread.
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

/// Finds the list of the calling thread that contains this loop, as the distance of its head from the thread pointer: a
/// copy of Asio that is hidden in a library that runs the loop has lists of its own. Takes microseconds.
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

/// The innermost strand in which the calling thread runs a handler of this loop; not known if there is none, or, with
/// `only`, if there are others. Asio enters a strand in the frame of the function that runs its ready handlers, by an
/// element whose value is its own address. Takes microseconds.
[[nodiscard]] inline scheduler_identity strand_here(scheduler_identity const& loop, bool only) noexcept
{
    thread_areas const* const areas = known_thread_areas.load(std::memory_order_acquire);
    if (areas == nullptr) return {};
    auto const here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    std::uintptr_t const call = calls_here(loop).innermost;  // strands further out belong to other handlers
    scheduler_identity found;
    std::uintptr_t innermost = call;
    bool others = false;
    bool twice = false;
    each_word_of_thread(*areas, [&](std::uintptr_t at, std::uintptr_t value) {
        fixed<std::uintptr_t, 3> words{};
        if (value % sizeof value != 0 || value <= here || value >= call) return;
        if (read_own_memory(value, words.data(), sizeof words) != static_cast<long>(sizeof words)) return;
        if (words[0] == 0 || words[1] != value || (words[2] != 0 && words[2] <= value)) return;
        others = others || found.known() || (words[2] != 0 && words[2] < call);
        twice = value < innermost ? false : twice || value == innermost;
        if (value >= innermost) return;
        innermost = value;
        found = {words[0], 0, static_cast<std::ptrdiff_t>(at - thread_pointer())};
    });
    return twice || (only && others) ? scheduler_identity{} : found;
}

/// Reads the lists of other threads while they run. By system calls, so that a thread that ends causes no fault. Used
/// under the watchdog's mutex. Takes 1 us per thread.
class run_lists {
public:
    static run_lists& shared()
    {
        static auto* const one = new run_lists;  // never destroyed, like the thread that uses it
        return *one;
    }

    /// The first element of the thread's list, or 0; nothing if it can't be read.
    [[nodiscard]] maybe<std::uintptr_t> first_of(thread_number thread, scheduler_identity const& loop) const
    {
        auto const pointer = pointers_.of(thread);
        if (!pointer || *pointer == 0) return pointer;
        std::uintptr_t first = 0;
        if (!read(*pointer + static_cast<std::uintptr_t>(loop.list), &first, sizeof first)) return nothing;
        return first;
    }

    /// The thread's list. Not whole if it can't be read, or if it changes during each of three attempts.
    [[nodiscard]] run_list of(thread_number thread, scheduler_identity const& loop) const
    {
        auto const pointer = pointers_.of(thread);
        if (!pointer) return {};
        std::uintptr_t const head = *pointer + static_cast<std::uintptr_t>(loop.list);
        constexpr int tries = 3;
        for (int i = 0; i < tries; ++i) {
            std::uintptr_t first = 0;
            if (*pointer != 0 && !read(head, &first, sizeof first)) break;
            // If the first element has changed, others may have left the list while they were read.
            std::uintptr_t afterwards = first;
            run_list const found = follow_run_list(first, [&](std::uintptr_t at, fixed<std::uintptr_t, 3>& words) {
                return read_in_turn({at, words.data(), sizeof words}, {head, &afterwards, sizeof afterwards});
            });
            if (afterwards == first) return found;
        }
        return {};
    }

private:
    static bool read(std::uintptr_t from, void* to, std::size_t size)
    {
        return read_own_memory(from, to, size) == static_cast<long>(size);
    }

    struct wanted {
        std::uintptr_t from;
        void* to;
        std::size_t size;
    };

    /// Reads one, and then the other: by one call, if that is permitted. False: one of them can't be read; the other
    /// is.
    static bool read_in_turn(wanted const& one, wanted const& other)
    {
        fixed<iovec, 2> const from{iovec{reinterpret_cast<void*>(one.from), one.size},
                                   iovec{reinterpret_cast<void*>(other.from), other.size}};
        fixed<iovec, 2> const into{iovec{one.to, one.size}, iovec{other.to, other.size}};
        long const got = system_call(SYS_process_vm_readv, system_call(SYS_gettid), reinterpret_cast<long>(into.data()),
                                     2, reinterpret_cast<long>(from.data()), 2, 0);
        if (got == static_cast<long>(one.size + other.size)) return true;
        bool const has_one = read(one.from, one.to, one.size);
        return read(other.from, other.to, other.size) && has_one;
    }

    thread_pointers pointers_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
