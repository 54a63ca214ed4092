// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#include <pthread.h>

// A program that runs out of memory where it wants to: to be included by one file of it.

/// The program's own: whether this allocation fails. Allocates nothing itself.
bool is_out_of_memory() noexcept;

inline std::atomic<unsigned> refused{0};  // allocations

/// Whether this thread's name begins so: the library's are "loopwatch", the reporter's is "loopwatch-rep".
inline bool this_thread_is(char const* beginning) noexcept
{
    char name[16] = {};
    ::pthread_getname_np(::pthread_self(), name, sizeof name);
    return std::strncmp(name, beginning, std::strlen(beginning)) == 0;
}

void* operator new(std::size_t size)
{
    if (is_out_of_memory()) {
        ++refused;
        throw std::bad_alloc{};
    }
    if (void* const memory = std::malloc(size)) return memory;
    throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
