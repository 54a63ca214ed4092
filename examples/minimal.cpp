// SPDX-License-Identifier: BSL-1.0
#include <asio.hpp>
#include <loopwatch/loopwatch.hpp>

#include <iostream>
#include <string>
#include <thread>

using namespace std::chrono_literals;

std::string load_config()
{
    std::this_thread::sleep_for(50ms);  // stands for a slow disk, a database, a lock
    return "port = 8080";
}

asio::awaitable<void> serve()
{
    std::cout << load_config() << '\n';  // and meanwhile nothing else runs
    co_return;
}

int main()
{
    asio::io_context loop;
    loopwatch::no_loop_blocking guard{loop, 10ms};
    asio::co_spawn(loop, serve(), asio::detached);
    loop.run();
    try {
        guard.finish();
    } catch (loopwatch::loop_blocked_error const& error) {
        std::cout << error.what();
    }
}
