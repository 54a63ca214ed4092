// SPDX-License-Identifier: BSL-1.0
// Boost.Asio before loopwatch.
#include <utility>  // Boost.Asio 1.74 forgets it

#include <boost/asio.hpp>

#include <all_headers.hpp>

#include "two_units.hpp"

#include <chrono>
#include <thread>

int blocks_of_boost_asio()
{
    using namespace std::chrono_literals;
    boost::asio::io_context loop;
    loopwatch::no_loop_blocking guard{
        loop, {.threshold = 20ms, .action = loopwatch::on_block::log}, [](auto const&) {}};
    post(loop, [] { std::this_thread::sleep_for(100ms); });
    loop.run();
    guard.finish();
    for (auto const& block : guard.blocks()) loopwatch::write_to_stderr(block);
    return static_cast<int>(guard.blocks().size());
}
