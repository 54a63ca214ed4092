// SPDX-License-Identifier: BSL-1.0
#include "library.hpp"

#include <chrono>
#include <thread>

// Each call is followed by something, so that none is a jump.
#define NO_TAIL_CALL() __asm__ volatile("")

void stripped_call_soon(library_net::io_context& in, void (*callback)())
{
    post(in, [callback] {
        callback();
        NO_TAIL_CALL();
    });
}

void stripped_sleep_soon(library_net::io_context& in, int milliseconds)
{
    post(in, [milliseconds] {
        stripped_sleep(milliseconds);
        NO_TAIL_CALL();
    });
}

void stripped_sleep(int milliseconds)
{
    std::this_thread::sleep_for(std::chrono::milliseconds{milliseconds});
    NO_TAIL_CALL();
}

void stripped_run(library_net::io_context& ctx)
{
    ctx.run();
    NO_TAIL_CALL();
}
