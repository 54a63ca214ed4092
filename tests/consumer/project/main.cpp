// SPDX-License-Identifier: BSL-1.0
// A user's program: exits with 0 if the guard finds the function that blocks the loop.
#include <loopwatch/loopwatch.hpp>

#include <asio.hpp>

#include <chrono>
#include <cstdio>
#include <thread>

using namespace std::chrono_literals;

// noinline: its name is to be in the report.
[[gnu::noinline]] void read_the_whole_file()
{
    std::this_thread::sleep_for(100ms);
    std::puts("read");  // the sleep must not be a tail call
}

int main()
{
    asio::io_context loop;
    try {
        loopwatch::no_loop_blocking guard{loop, {.threshold = 20ms}};
        post(loop, read_the_whole_file);
        loop.run();
        guard.finish();
    } catch (loopwatch::loop_blocked_error const& error) {
        std::fputs(error.what(), stdout);
        auto const* const culprit = error.blocks().front().culprit();
        if (culprit != nullptr && culprit->function.find("read_the_whole_file") != std::string::npos) return 0;
        std::puts("the wrong culprit");
        return 1;
    }
    std::puts("no block was seen");
    return 1;
}
