// SPDX-License-Identifier: BSL-1.0
// Both libraries' loops watched at the same time, by one watchdog.
#include "two_units.hpp"

#include <cstdio>
#include <future>

int main()
{
    auto in_asio = std::async(std::launch::async, blocks_of_asio);
    auto in_boost = std::async(std::launch::async, blocks_of_boost_asio);
    auto const asio = in_asio.get();
    auto const boost = in_boost.get();
    std::printf("blocks: asio %d, boost %d; expected one each\n", asio, boost);
    return asio == 1 && boost == 1 ? 0 : 1;
}
