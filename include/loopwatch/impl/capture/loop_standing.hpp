// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/run_list/scheduler_identity.hpp"
#include "../base/fixed.hpp"
#include "../run_list/run_list.hpp"
#include "../unwind/call_site.hpp"
#include "../unwind/cfi_lookup.hpp"
#include "../unwind/foreign_memory_linux.hpp"
#include "../unwind/machine_code.hpp"
#include "../unwind/module_table_linux.hpp"
#include "../unwind/trace.hpp"
#include "snapshot.hpp"

#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Where a thread is in relation to a loop. Found without the names of functions.
struct loop_standing {
    standing where{standing::unknown};
    /// How many frames belong to the handler; in no handler, those further in than the frame that runs the loop.
    std::size_t inner_frames{0};
};

/// Whether a function is a virtual function of the scheduler's task, the reactor or io_uring service: the only thing
/// that a scheduler calls through a pointer and that is no handler. One of the scheduler's members points to the task.
[[nodiscard]] inline bool is_of_task(scheduler_identity const& loop, std::uintptr_t function, foreign_memory& memory)
{
    constexpr std::uintptr_t word = sizeof(std::uintptr_t);
    constexpr std::uintptr_t most_members = 128;
    constexpr std::size_t most_functions = 12;
    // A vtable is in a module. Without this check the first word of an operation would pass for a pointer to one: it
    // points to the next operation, in which a handler's function is found.
    auto const is_table = [&](std::uintptr_t address) {
        loaded_module module;
        return address % word == 0 && find_module(address, module) && address < module.end;
    };
    auto const has_it = [&](std::uintptr_t table) {
        fixed<std::uintptr_t, most_functions> functions{};
        std::size_t const got = memory.read_some(table, functions.data(), sizeof functions) / word;
        for (std::size_t i = 0; i < got; ++i)
            if (functions[i] == function) return true;
        return false;
    };
    for (std::uintptr_t i = 0; i < most_members && (i + 1) * word <= loop.size; ++i) {
        std::uintptr_t object = 0;
        std::uintptr_t table = 0;
        std::uintptr_t to_whole = 0;
        if (!memory.get(loop.address + i * word, object) || object % word != 0 || object < 4096) continue;
        if (!memory.get(object, table) || !is_table(table)) continue;
        if (has_it(table)) return true;
        // The pointer is to a base class of the task, whose vtable has only thunks. The functions are in the vtable of
        // the whole object, whose offset is the second word before the vtable (Itanium C++ ABI, 2.5.2).
        constexpr std::uintptr_t most_before = 4096;
        if (!memory.get(table - 2 * word, to_whole) || 0 - to_whole - 1 >= most_before) continue;
        if (memory.get(object + to_whole, table) && is_table(table) && has_it(table)) return true;
    }
    return false;
}

/// Whether the scheduler, whose list element is in frame `outermost`, has called a handler. Its own functions call each
/// other directly; every handler is called through a pointer.
[[nodiscard]] inline loop_standing standing_within(trace const& stack, std::size_t outermost,
                                                   scheduler_identity const& loop, foreign_memory& memory)
{
    // run(), do_run_one() and scheduler_operation::complete(), if none is inlined.
    constexpr std::size_t own_frames = 3;
    for (std::size_t i = outermost; i > 0 && outermost - i < own_frames; --i) {
        if (stack.notes[i].interrupted) return {standing::inside, outermost};  // a signal handler runs
        cfi_entry callee;
        if (find_entry(memory, stack.addresses[i - 1] - (stack.notes[i - 1].interrupted ? 0 : 1), callee) !=
            cfi_found::yes)
            return {standing::inside, outermost};
        call_site const site = call_site_before(memory, stack.addresses[i], callee.begin);
        if (site == call_site::none) return {standing::inside, outermost};
        if (site == call_site::exact || !calls_through_pointer(memory, stack.addresses[i])) continue;
        if (is_of_task(loop, callee.begin, memory)) return {standing::parked, outermost};
        return {standing::handler, i};
    }
    return {standing::parked, outermost};
}

/// Where a thread was when its stack was copied. `list` is of that moment; `innermost` is where the copy begins.
[[nodiscard]] inline loop_standing standing_of(trace const& stack, std::uintptr_t innermost, run_list const& list,
                                               scheduler_identity const& loop, foreign_memory& memory)
{
    run_list::element const* const found = list.find(loop.address);
    if (found == nullptr) return {list.whole ? standing::outside : standing::unknown, 0};
    bool const runs_another_inside = found != list.elements.data();
    for (std::size_t i = 0; i < stack.size; ++i) {
        std::uintptr_t const begin = i == 0 ? innermost : stack.cfas[i - 1];
        if (begin == 0 || found->at < begin || found->at >= stack.cfas[i]) continue;
        loop_standing seen = standing_within(stack, i, loop, memory);
        if (runs_another_inside) seen.where = standing::handler;
        return seen;
    }
    // The element is further out than the walk reached, or on a stack from which the thread switched to this one.
    return {runs_another_inside ? standing::handler : standing::inside, stack.size};
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
