// SPDX-License-Identifier: BSL-1.0
#include <loopwatch/asio.hpp>

asio::awaitable<int> answer() { co_return 42; }

int run_it() { return loopwatch::run(answer(), {.threshold = std::chrono::milliseconds{10}}); }
