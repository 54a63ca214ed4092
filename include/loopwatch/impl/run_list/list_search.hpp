// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../../detail/run_list/list_search.hpp"
#include "../base/fixed.hpp"
#include "../base/view.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

#if LOOPWATCH_HAS_UNWINDER()
#include "../platform/stack_bounds.hpp"
#include "../unwind/module_table_linux.hpp"
#include "run_lists_linux.hpp"
#include "thread_areas.hpp"
#include "thread_pointers_linux.hpp"

#include <atomic>
#include <tuple>

#include <link.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

#if LOOPWATCH_HAS_UNWINDER()

LOOPWATCH_DECL void list_search::entered(void const* element, void const* key) noexcept
{
    __asm__ volatile("" ::: "memory");  // keeps the compiler from reading before the element is in the list
    auto const at = reinterpret_cast<std::uintptr_t>(element);
    fixed<std::uintptr_t, 3> words{};
    std::memcpy(words.data(), element, sizeof words);
    if (words[0] != reinterpret_cast<std::uintptr_t>(key) || (entered_ > 0 && words[2] != last_)) refuted_ = true;
    last_ = at;
    if (entered_++ == 0) return look_everywhere(at);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size_; ++i) {
        std::uintptr_t now = 0;
        std::memcpy(&now, reinterpret_cast<void const*>(places_[i]), sizeof now);
        if (now == at) places_[kept++] = places_[i];
    }
    size_ = kept;
}

LOOPWATCH_DECL maybe<std::ptrdiff_t> list_search::found() const noexcept
{
    if (refuted_ || entered_ < 2 || size_ != 1) return nothing;
    return static_cast<std::ptrdiff_t>(places_[0] - thread_pointer());
}

/// Looks up the areas, under a lock of the loader. They include glibc's own data of a thread after the head of the list
/// of robust mutexes: it holds the values of the first keys of pthread_getspecific(), which Asio uses where it has no
/// thread-local variables.
inline thread_areas find_thread_areas()
{
    struct module_variables {
        std::uintptr_t code;
        std::uintptr_t begin;
        std::size_t size;
    };
    struct list {
        fixed<module_variables, decltype(thread_areas::areas)::size() - 1> modules;
        std::size_t size;
    } found{};
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t size, void* to) -> int {
            auto& l = *static_cast<list*>(to);
            if (size < offsetof(dl_phdr_info, dlpi_tls_data) + sizeof info->dlpi_tls_data) return 1;
            if (info->dlpi_tls_data == nullptr || l.size == l.modules.size()) return 0;
            module_variables one{0, reinterpret_cast<std::uintptr_t>(info->dlpi_tls_data), 0};
            for (ElfW(Phdr) const& segment : view{info->dlpi_phdr, info->dlpi_phnum}) {
                if (segment.p_type == PT_TLS) one.size = segment.p_memsz;
                if (segment.p_type == PT_LOAD && one.code == 0) one.code = info->dlpi_addr + segment.p_vaddr;
            }
            l.modules[l.size++] = one;
            return 0;
        },
        &found);
    thread_areas all;
    auto const add = [&](std::uintptr_t begin, std::size_t size) {
        all.areas[all.size++] = {static_cast<std::ptrdiff_t>(begin - thread_pointer()), size};
    };
    for (module_variables const& each : view{found.modules}.first(found.size))
        if (never_unloaded({&each.code, 1})) add(each.begin, each.size);
    constexpr std::size_t keys = 1024;
    std::uintptr_t head = 0;
    if (find_robust_list(0, head) && head != 0) add(head, keys);
    return all;
}

inline void list_search::look_everywhere(std::uintptr_t for_)
{
    static thread_areas const areas = find_thread_areas();
    known_thread_areas.store(&areas, std::memory_order_release);
    each_word_of_thread(areas, [&](std::uintptr_t at, std::uintptr_t value) {
        if (value == for_ && size_ < most) places_[size_++] = at;
    });
}

#else

LOOPWATCH_DECL void list_search::entered(void const*, void const*) noexcept {}
LOOPWATCH_DECL maybe<std::ptrdiff_t> list_search::found() const noexcept { return nothing; }

#endif

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
