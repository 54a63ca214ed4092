// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>  // Boost.Asio 1.74 forgets it

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>

using http_request = boost::beast::http::request<boost::beast::http::string_body>;
using http_response = boost::beast::http::response<boost::beast::http::string_body>;

[[nodiscard]] http_response answer(boost::beast::http::status status, std::string body,
                                   std::string_view content_type = "text/plain; charset=utf-8");

/// Serves HTTP/1.1 on one loop. Nothing in it knows of loopwatch.
class http_server {
public:
    using handler = std::function<boost::asio::awaitable<http_response>(http_request const&)>;

    /// On 127.0.0.1; port 0 is any that is free. Throws: boost::system::system_error.
    http_server(boost::asio::io_context& loop, std::uint16_t port, handler answers);
    http_server(http_server const&) = delete;
    http_server& operator=(http_server const&) = delete;

    [[nodiscard]] std::uint16_t port() const;

    /// Accepts no more, ends the connections that wait for a request, and the others after their answer: then the loop
    /// is out of work. Any thread.
    void close();

private:
    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> serve(boost::beast::tcp_stream client);

    boost::asio::io_context& loop_;
    boost::asio::ip::tcp::acceptor acceptor_;
    handler answers_;
    // Of the loop's thread:
    std::unordered_set<boost::beast::tcp_stream*> waiting_;
    bool closing_{false};
};
