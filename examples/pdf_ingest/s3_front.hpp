// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>  // Boost.Asio 1.74 forgets it

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

/// For tests: stands before a real S3, as far away from it as one in another town, and refuses some keys.
///
/// Serves each connection on a thread of its own. Thread safety: of the functions, any.
class s3_front {
public:
    using tcp = boost::asio::ip::tcp;

    /// Each request waits for `delay`; one whose key has `refused` in it is answered with 503.
    s3_front(tcp::endpoint s3, std::chrono::milliseconds delay, std::string refused = {})
        : s3_{s3}, delay_{delay}, refused_{std::move(refused)}
    {
        accepting_ = std::thread{[this] { accept(); }};
    }
    s3_front(s3_front const&) = delete;
    s3_front& operator=(s3_front const&) = delete;
    ~s3_front()
    {
        {
            std::lock_guard const lock{mutex_};
            over_ = true;
            boost::system::error_code ignored;
            for (tcp::socket& client : clients_) client.shutdown(tcp::socket::shutdown_both, ignored);
        }
        boost::system::error_code ignored;
        tcp::socket{context_}.connect(acceptor_.local_endpoint(), ignored);  // ends accept()
        accepting_.join();
        for (std::thread& each : serving_) each.join();
    }

    [[nodiscard]] std::string endpoint() const
    {
        return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
    }
    /// What it let pass: of each request its Authorization.
    [[nodiscard]] std::vector<std::string> passed() const
    {
        std::lock_guard const lock{mutex_};
        return passed_;
    }

private:
    using request = boost::beast::http::request<boost::beast::http::string_body>;
    using response = boost::beast::http::response<boost::beast::http::string_body>;

    void accept()
    {
        while (true) {
            tcp::socket client = acceptor_.accept();
            std::lock_guard const lock{mutex_};
            if (over_) return;
            tcp::socket& kept = clients_.emplace_back(std::move(client));
            serving_.emplace_back([this, &kept] { serve(kept); });
        }
    }

    void serve(tcp::socket& client)
    try {
        namespace http = boost::beast::http;
        tcp::socket s3{context_};
        s3.connect(s3_);
        boost::beast::flat_buffer from_client;
        boost::beast::flat_buffer from_s3;
        while (true) {
            request put;
            http::read(client, from_client, put);
            std::this_thread::sleep_for(delay_);  // the way there and back
            response reply{http::status::service_unavailable, 11};
            if (refuses(put)) {
                reply.body() = "<Error><Code>SlowDown</Code><Message>Please reduce your rate.</Message></Error>";
                reply.prepare_payload();
            } else {
                http::write(s3, put);
                reply = {};
                http::read(s3, from_s3, reply);
                std::lock_guard const lock{mutex_};
                passed_.emplace_back(put[http::field::authorization]);
            }
            http::write(client, reply);
        }
    } catch (boost::system::system_error const&) {  // one of the two has hung up
    }

    [[nodiscard]] bool refuses(request const& put) const
    {
        return !refused_.empty() && put.target().find(refused_) != boost::beast::string_view::npos;
    }

    tcp::endpoint s3_;
    std::chrono::milliseconds delay_;
    std::string refused_;
    boost::asio::io_context context_;
    tcp::acceptor acceptor_{context_, {boost::asio::ip::address_v4::loopback(), 0}};
    mutable std::mutex mutex_;
    bool over_{false};
    std::list<tcp::socket> clients_;
    std::vector<std::string> passed_;
    std::vector<std::thread> serving_;
    std::thread accepting_;
};
