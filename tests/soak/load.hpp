// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/net.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// What the loops do besides: they answer requests over TCP, of clients that never stop asking.

namespace soak {

using net::ip::tcp;

inline net::awaitable<void> answer_requests(tcp::socket client)
{
    std::array<char, 256> request{};
    for (std::error_code gone; !gone;) {
        std::size_t const size =
            co_await client.async_read_some(net::buffer(request), net::redirect_error(net::use_awaitable, gone));
        if (gone) co_return;
        co_await net::async_write(client, net::buffer(request.data(), size),
                                  net::redirect_error(net::use_awaitable, gone));
    }
}

inline net::awaitable<void> accept_clients(tcp::acceptor& acceptor)
{
    auto const loop = co_await net::this_coro::executor;
    for (std::error_code closed;;) {
        tcp::socket client = co_await acceptor.async_accept(net::redirect_error(net::use_awaitable, closed));
        if (closed) co_return;
        net::co_spawn(loop, answer_requests(std::move(client)), net::detached);
    }
}

/// Clients of all loops, on a thread of their own. Each asks as soon as it is answered, after a moment.
class load {
public:
    load(std::vector<tcp::endpoint> const& servers, int clients_each)
    {
        for (auto const& server : servers)
            for (int i = 0; i < clients_each; ++i) net::co_spawn(context_, ask(server), net::detached);
        thread_ = std::thread{[this] { context_.run(); }};
    }
    load(load const&) = delete;
    load& operator=(load const&) = delete;
    ~load()
    {
        stop_ = true;
        thread_.join();
    }
    [[nodiscard]] std::uint64_t answers() const { return answers_; }

private:
    net::awaitable<void> ask(tcp::endpoint server)
    {
        tcp::socket socket{context_};
        net::steady_timer moment{context_};
        std::array<char, 64> text{};
        co_await socket.async_connect(server, net::use_awaitable);
        while (!stop_) {
            co_await net::async_write(socket, net::buffer(text), net::use_awaitable);
            co_await net::async_read(socket, net::buffer(text), net::use_awaitable);
            ++answers_;
            moment.expires_after(std::chrono::milliseconds{2});
            co_await moment.async_wait(net::use_awaitable);
        }
    }

    net::io_context context_{1};
    std::atomic<bool> stop_{false};
    std::atomic<std::uint64_t> answers_{0};
    std::thread thread_;
};

}  // namespace soak
