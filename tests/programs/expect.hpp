// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdio>
#include <cstdlib>

// These programs test what needs a process of its own: its first moments, its last ones, its signals.
inline void expect(bool holds, char const* what)
{
    if (holds) return;
    std::fprintf(stderr, "not so: %s\n", what);
    std::_Exit(1);
}
