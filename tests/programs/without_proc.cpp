// SPDX-License-Identifier: BSL-1.0

// A program in a bare chroot, without /proc: what computes has a stack, and of what sleeps it is said why it has none.
// Run in a mount namespace of its own (CMakeLists.txt).
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <time.h>
#include <unistd.h>

namespace {

template <typename Handler>
std::vector<loopwatch::block_report> blocks_of(Handler handler)
{
    net::io_context ctx;
    std::vector<loopwatch::block_report> all;
    auto const keep = [&](loopwatch::block_report const& r) {
        std::fputs(to_string(r).c_str(), stderr);
        all.push_back(r);
    };
    loopwatch::no_loop_blocking guard{ctx, {.threshold = 20ms, .action = loopwatch::on_block::log}, keep};
    post(ctx, handler);
    ctx.run();
    guard.finish();
    return all;
}

}  // namespace

int main()
{
    expect(::access("/proc/self/task", F_OK) != 0, "there is no /proc");

    // Given a CPU too rarely to be met on it once, on a busy machine: three times it is not.
    bool seen = false;
    for (int i = 0; i < 3 && !seen; ++i) {
        auto const computed = blocks_of([] { spin_through(150ms); });
        expect(computed.size() == 1, "a computation is one block");
        auto const& report = computed.front();
        expect(report.stack_missing.find("undumpable") == std::string::npos, "no false reason");
        seen = report.cause == loopwatch::cause::cpu && report.evidence.starts_with("on CPU for ") &&
               culprit_is(report, "spin_through");
    }
    expect(seen, "a computation has its stack and its cause");

    int result = -1;
    auto const slept = blocks_of([&] {
        timespec const length{0, 80'000'000};
        result = ::nanosleep(&length, nullptr);
    });
    expect(result == 0, "no call is cut short");
    expect(slept.size() == 1, "a sleep is one block");
    expect(slept.front().cause == loopwatch::cause::unknown, "nothing is known of a sleep");
    expect(slept.front().evidence.ends_with("asleep or waiting for one"), "it did not run");
    expect(slept.front().stack.empty(), "a sleep has no stack");
    expect(slept.front().stack_missing.starts_with("/proc can't be read"), "it is said why");
}
