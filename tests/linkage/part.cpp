// SPDX-License-Identifier: BSL-1.0
#if defined(LINKAGE_BOOST_ASIO)
#include <loopwatch/boost_asio.hpp>
namespace net = boost::asio;
#else
#include <loopwatch/asio.hpp>
namespace net = asio;
#endif

#include "part.hpp"

#include <chrono>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;

[[gnu::noinline]] void sleeps()
{
    std::this_thread::sleep_for(80ms);
    __asm__ volatile("");
}

}  // namespace

int LINKAGE_PART()
{
    net::io_context loop;
    loopwatch::no_loop_blocking guard{loop, {.threshold = 20ms}};
    post(loop, [] { sleeps(); });
    loop.run();
    try {
        guard.finish();
    } catch (loopwatch::loop_blocked_error const& error) {
        int right = 0;
        for (auto const& block : error.blocks()) {
            auto const* const culprit = block.culprit();
            right += culprit != nullptr && culprit->function.find("sleeps") != std::string::npos ? 1 : 0;
        }
        return right;
    }
    return 0;
}
