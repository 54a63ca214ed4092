// SPDX-License-Identifier: BSL-1.0
#include <loopwatch/no_loop_blocking.hpp>

// In a program of two such files one is main.
#if defined(LOOPWATCH_SEPARATE_COMPILATION) && !defined(MIXED_MAIN) && !defined(LOOPWATCH_PORTABLE) && \
    !defined(LOOPWATCH_NO_CAPTURE) && !defined(_GLIBCXX_DEBUG)
#define main separate_part
#endif

int main()
{
    loopwatch::block_report const report;
    return to_string(report).empty() || report.culprit() != nullptr;
}
