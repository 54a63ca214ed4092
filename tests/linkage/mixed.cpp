// SPDX-License-Identifier: BSL-1.0
#include <loopwatch/no_loop_blocking.hpp>

int main()
{
    loopwatch::block_report const report;
    return to_string(report).empty() || report.culprit() != nullptr;
}
