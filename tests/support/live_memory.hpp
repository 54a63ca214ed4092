// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#include <malloc.h>

// Counts what the whole program has allocated: to be included by one file of it.

inline std::atomic<long> live{0};  // bytes

void* operator new(std::size_t size)
{
    void* const memory = std::malloc(size);
    if (memory == nullptr) throw std::bad_alloc{};
    live += static_cast<long>(::malloc_usable_size(memory));
    return memory;
}
void operator delete(void* memory) noexcept
{
    if (memory != nullptr) live -= static_cast<long>(::malloc_usable_size(memory));
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
