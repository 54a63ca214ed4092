// SPDX-License-Identifier: BSL-1.0
// Both libraries' loops watched at the same time, by one watchdog.
#include <all_headers.hpp>

#include "two_units.hpp"

#include <cstdio>
#include <future>

int main()
{
    auto in_asio = std::async(std::launch::async, blocks_of_asio);
    auto in_boost = std::async(std::launch::async, blocks_of_boost_asio);
    auto const asio = in_asio.get();
    auto const boost = in_boost.get();
    for (auto const& blocks : {asio, boost})
        for (auto const& block : blocks) loopwatch::write_to_stderr(block);
    std::printf("blocks: asio %zu, boost %zu; expected one each\n", asio.size(), boost.size());
    return asio.size() == 1 && boost.size() == 1 ? 0 : 1;
}
