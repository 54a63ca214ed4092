// SPDX-License-Identifier: BSL-1.0
#include <asio.hpp>

#include <array>
#include <cstddef>
#include <utility>

using asio::ip::tcp;

asio::awaitable<void> echo(tcp::socket socket)
{
    std::array<char, 1024> data{};
    for (;;) {
        std::size_t const size = co_await socket.async_read_some(asio::buffer(data), asio::use_awaitable);
        co_await async_write(socket, asio::buffer(data, size), asio::use_awaitable);
    }
}

asio::awaitable<void> serve(tcp::acceptor& acceptor)
{
    for (;;) {
        tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
        co_spawn(acceptor.get_executor(), echo(std::move(socket)), asio::detached);
    }
}

void run_it()
{
    asio::io_context ctx;
    tcp::acceptor acceptor{ctx, {tcp::v4(), 4711}};
    co_spawn(ctx, serve(acceptor), asio::detached);
    ctx.run();
}
