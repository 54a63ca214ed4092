// SPDX-License-Identifier: BSL-1.0
#include "http.hpp"

#include <chrono>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::awaitable;
using asio::redirect_error;
using asio::use_awaitable;
using namespace std::chrono_literals;

http_response answer(http::status status, std::string body, std::string_view content_type)
{
    http_response result{status, 11};
    result.set(http::field::content_type, beast::string_view{content_type.data(), content_type.size()});
    result.body() = std::move(body);
    return result;
}

http_server::http_server(asio::io_context& loop, std::uint16_t port, handler answers)
    : loop_{loop}, acceptor_{loop, {asio::ip::address_v4::loopback(), port}}, answers_{std::move(answers)}
{
    asio::co_spawn(loop_, accept(), asio::detached);
}

std::uint16_t http_server::port() const { return acceptor_.local_endpoint().port(); }

void http_server::close()
{
    asio::post(loop_, [this] {
        closing_ = true;
        acceptor_.close();
        for (beast::tcp_stream* const each : waiting_) each->cancel();
    });
}

awaitable<void> http_server::accept()
{
    while (!closing_) {
        beast::error_code error;
        asio::ip::tcp::socket client = co_await acceptor_.async_accept(redirect_error(use_awaitable, error));
        if (!error) {
            asio::co_spawn(loop_, serve(beast::tcp_stream{std::move(client)}), asio::detached);
        } else if (!closing_) {  // too many open files, most likely: some will be closed
            asio::steady_timer pause{loop_, 100ms};
            co_await pause.async_wait(use_awaitable);
        }
    }
}

awaitable<void> http_server::serve(beast::tcp_stream client)
{
    beast::flat_buffer received;
    for (bool keep = true; keep && !closing_;) {
        beast::error_code error;
        http_request request;
        waiting_.insert(&client);
        client.expires_after(60s);
        co_await http::async_read(client, received, request, redirect_error(use_awaitable, error));
        waiting_.erase(&client);
        if (error) break;
        http_response reply;
        try {
            reply = co_await answers_(request);
        } catch (std::exception const& failure) {
            reply = answer(http::status::internal_server_error, std::string{failure.what()} + '\n');
        }
        keep = request.keep_alive() && !closing_;
        reply.keep_alive(keep);
        reply.prepare_payload();
        client.expires_after(60s);
        co_await http::async_write(client, reply, redirect_error(use_awaitable, error));
        if (error) break;
    }
    beast::error_code ignored;
    client.socket().shutdown(asio::socket_base::shutdown_send, ignored);
}
