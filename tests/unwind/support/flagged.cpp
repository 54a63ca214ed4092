// SPDX-License-Identifier: BSL-1.0
#include "flagged.hpp"

// Built several times, FLAGGED is the name of its function. Passes arguments on the stack, as more than six are.
static __attribute__((noinline)) int many(callback const& c, int a, int b, int d, int e, int f, long g, long h, long i)
{
    char volatile local[40];
    local[a & 31] = static_cast<char>(b + d + e + f);
    c.call(c.data);
    return local[a & 31] + static_cast<int>(g + h + i);
}

__attribute__((noinline)) int FLAGGED(callback const& c, int depth)
{
    char volatile local[24];
    local[depth & 15] = 1;
    int r = 0;
    if (depth == 2)
        r = many(c, 1, 2, 3, 4, 5, 6, 7, depth);
    else if (depth > 0)
        r = FLAGGED(c, depth - 1) + (depth > 100 ? many(c, 1, 2, 3, 4, 5, 6, 7, 8) : 0);
    else
        c.call(c.data);
    __asm__ volatile("" ::: "memory");
    return r + local[depth & 15];
}
