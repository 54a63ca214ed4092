// SPDX-License-Identifier: BSL-1.0
#include <loopwatch/no_loop_blocking.hpp>

// In a program of two such files one is main.
#if defined(MIXED_PART)
#define main mixed_part
#endif

int main()
{
    loopwatch::block_report const report;
    return to_string(report).empty() || report.culprit() != nullptr;
}
