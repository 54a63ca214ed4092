// SPDX-License-Identifier: BSL-1.0
//
// A program that is compiled with -fno-exceptions, but for loopwatch's implementation. Its argument is the action.
#include "without_exceptions/asio_throws.hpp"

#include <csignal>
#include <cstdlib>
#include <string_view>
#include <thread>

#include <unistd.h>

#include <asio/post.hpp>

#include <loopwatch/loopwatch.hpp>

#if LOOPWATCH_HAS_EXCEPTIONS()
#error "this program must be compiled with -fno-exceptions"
#endif

using namespace std::chrono_literals;

int main(int argc, char** argv)
{
    ::dup2(STDOUT_FILENO, STDERR_FILENO);  // the test reads standard output
    auto const action =
        argc == 2 && std::string_view{argv[1]} == "raise" ? loopwatch::on_block::raise : loopwatch::on_block::log;
    if (action == loopwatch::on_block::raise) std::signal(SIGABRT, [](int) { std::_Exit(3); });
    asio::io_context loop;
    loopwatch::no_loop_blocking guard{loop, {.threshold = 20ms, .action = action}};
    asio::post(loop, [] { std::this_thread::sleep_for(100ms); });
    loop.run();
    guard.finish();
    return guard.blocks().size() == 1 ? 0 : 1;
}
