// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdio>
#include <string>

/// Whether each goal that was printed was reached.
inline bool all_reached = true;

inline void print_goal(std::string const& goal, bool reached)
{
    all_reached = all_reached && reached;
    std::printf("  %s: %s\n", reached ? "reached" : "MISSED", goal.c_str());
}
