// SPDX-License-Identifier: BSL-1.0
#include <loopwatch/asio.hpp>

#include "part.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace {

int threads_named(std::string const& name)
{
    int found = 0;
    for (auto const& thread : std::filesystem::directory_iterator{"/proc/self/task"}) {
        std::string text;
        std::getline(std::ifstream{thread.path() / "comm"}, text);
        found += text == name ? 1 : 0;
    }
    return found;
}

}  // namespace

int main()
{
    using namespace std::chrono_literals;
    asio::io_context loop;
    loopwatch::no_loop_blocking guard{
        loop, {.threshold = 20ms, .action = loopwatch::on_block::log}, [](auto const&) {}};
    post(loop, [] { std::this_thread::sleep_for(80ms); });
    loop.run();
    int const own = static_cast<int>(guard.blocks().size());
    int const parts[]{blocks_of_shared_asio(), blocks_of_shared_boost(), blocks_of_static_asio()};
    int const watchdogs = threads_named("loopwatch");
    int const reporters = threads_named("loopwatch-rep");
    std::printf("blocks: %d, in the parts %d %d %d; watchdogs %d, reporters %d; expected one each\n", own, parts[0],
                parts[1], parts[2], watchdogs, reporters);
    return own == 1 && parts[0] == 1 && parts[1] == 1 && parts[2] == 1 && watchdogs == 1 && reporters == 1 ? 0 : 1;
}
