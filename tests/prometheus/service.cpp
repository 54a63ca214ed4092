// SPDX-License-Identifier: BSL-1.0

// A service with two loops, for scrape.py: prints its port, and answers GET requests, one after the other, on a thread
// of its own. What it answers with is what a service would: monitor.prometheus() and monitor.health().
#include "support/running_loop.hpp"

#include <asio.hpp>
#include <loopwatch/monitor.hpp>

#include <chrono>
#include <cstdio>
#include <future>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <utility>

using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

[[gnu::noinline]] void load_from_disk() { std::this_thread::sleep_for(100ms); }

struct service {
    loopwatch::monitor monitor{{.threshold = 20ms}, {}};
    running_loop api;
    running_loop db;
    loopwatch::watched_loop watched_api{monitor.watch(api.ctx, "api")};
    loopwatch::watched_loop watched_db{monitor.watch(db.ctx, "db \"main\"")};
    std::optional<std::promise<void>> held;

    std::pair<int, std::string> answer(std::string const& path)
    {
        if (path == "/metrics") return {200, monitor.prometheus()};
        if (path == "/health") {
            auto const health = monitor.health();
            return {health ? 200 : 503, to_string(health)};
        }
        if (path == "/block") {
            post(api.ctx, load_from_disk);
            return {200, ""};
        }
        if (path == "/hold") {
            held.emplace();
            post(api.ctx, [until = held->get_future().share()] { until.wait(); });
            return {200, ""};
        }
        if (path == "/release") {
            if (held) held->set_value();
            held.reset();
            return {200, ""};
        }
        return {404, ""};
    }
};

}  // namespace

int main()
{
    service own;
    asio::io_context ctx;
    tcp::acceptor acceptor{ctx, {asio::ip::address_v4::loopback(), 0}};
    std::cout << acceptor.local_endpoint().port() << std::endl;
    for (;;) {
        tcp::socket client{ctx};
        acceptor.accept(client);
        std::string request;
        asio::error_code error;
        read_until(client, asio::dynamic_buffer(request), "\r\n\r\n", error);
        auto const begin = request.find(' ') + 1;
        auto const path = request.substr(begin, request.find(' ', begin) - begin);
        if (path == "/quit") return 0;
        auto const [status, body] = own.answer(path);
        write(client,
              asio::buffer("HTTP/1.1 " + std::to_string(status) +
                           " -\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\n\r\n" + body),
              error);
    }
}
