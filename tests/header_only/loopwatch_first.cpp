// SPDX-License-Identifier: BSL-1.0
// loopwatch before Asio: the core must not need Asio's declarations where it is included.
#include <all_headers.hpp>

#include "two_units.hpp"

#include <asio.hpp>

#include <chrono>
#include <thread>

int blocks_of_asio()
{
    using namespace std::chrono_literals;
    asio::io_context loop;
    loopwatch::no_loop_blocking guard{
        loop, {.threshold = 20ms, .action = loopwatch::on_block::log}, [](auto const&) {}};
    post(loop, [] { std::this_thread::sleep_for(100ms); });
    loop.run();
    guard.finish();
    for (auto const& block : guard.blocks()) loopwatch::write_to_stderr(block);
    return static_cast<int>(guard.blocks().size());
}
