// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>  // before Boost.Asio 1.74, which forgets it

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace load {

/// A visitor of the service whom the load is nothing to: asks for GET /health every few milliseconds, one request after
/// the other, on a connection and a thread of its own, and notes how long each answer took.
///
/// Thread safety: none.
class prober {
public:
    static constexpr std::chrono::milliseconds pause{5};

    prober(boost::asio::ip::tcp::endpoint service, std::chrono::seconds limit)
    {
        boost::asio::co_spawn(loop_, visit(service, limit), [this](std::exception_ptr error) { note(error); });
        thread_ = std::thread{[this] { loop_.run(); }};
    }
    prober(prober const&) = delete;
    prober& operator=(prober const&) = delete;
    ~prober()
    {
        loop_.stop();
        if (thread_.joinable()) thread_.join();
    }

    /// Ends the visit with the answer that is awaited, which counts in full.
    void finish()
    {
        over_ = true;
        thread_.join();
    }

    // When it has been ended:
    [[nodiscard]] std::vector<double> const& waits() const { return waits_; }  ///< all of them, in milliseconds
    [[nodiscard]] std::string const& failure() const { return failure_; }      ///< why it ended early, or empty

private:
    void note(std::exception_ptr error)
    {
        try {
            if (error) std::rethrow_exception(error);
        } catch (std::exception const& failure) {
            failure_ = failure.what();
        }
    }

    boost::asio::awaitable<void> visit(boost::asio::ip::tcp::endpoint service, std::chrono::seconds limit)
    {
        namespace http = boost::beast::http;
        boost::beast::tcp_stream stream{loop_};
        stream.expires_after(limit);
        co_await stream.async_connect(service, boost::asio::use_awaitable);
        http::request<http::empty_body> request{http::verb::get, "/health", 11};
        request.set(http::field::host, "127.0.0.1");
        request.prepare_payload();
        boost::beast::flat_buffer buffer;
        boost::asio::steady_timer next{loop_};
        while (!over_) {
            auto const asked = std::chrono::steady_clock::now();
            stream.expires_after(limit);
            co_await http::async_write(stream, request, boost::asio::use_awaitable);
            http::response<http::string_body> response;
            co_await http::async_read(stream, buffer, response, boost::asio::use_awaitable);
            waits_.push_back(
                std::chrono::duration<double, std::milli>{std::chrono::steady_clock::now() - asked}.count());
            if (response.result() != http::status::ok)
                throw std::runtime_error{"HTTP " + std::to_string(response.result_int())};
            next.expires_after(pause);
            co_await next.async_wait(boost::asio::use_awaitable);
        }
    }

    boost::asio::io_context loop_;
    std::atomic<bool> over_{false};
    std::vector<double> waits_;
    std::string failure_;
    std::thread thread_;
};

}  // namespace load
