// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "load_cpu.hpp"
#include "load_prober.hpp"
#include "load_progress.hpp"
#include "load_service.hpp"

#include <utility>  // before Boost.Asio 1.74, which forgets it

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace load {

namespace beast = boost::beast;
namespace http = beast::http;

/// What one round of requests came to.
struct round {
    double seconds{};                   ///< from the moment all begin to the last answer
    std::vector<double> waits;          ///< milliseconds, of the requests that were answered as they should be
    std::map<std::string, int> errors;  ///< how many of which kind
    std::vector<double> health;         ///< milliseconds that GET /health waited meanwhile
    cpu_times cpu;                      ///< meanwhile
};

/// What is posted, and what must come back.
struct document {
    std::string bytes;
    std::size_t pages{10};
    std::size_t images{10};
    std::size_t text_length{0};  ///< 0: not known yet
};

/// One request on its own connection.
struct visitor {
    explicit visitor(asio::any_io_executor const& executor) : stream{executor} {}

    beast::tcp_stream stream;
    double waited{};  ///< milliseconds
    beast::error_code error;
    http::response<http::string_body> answer;
};

/// Empty if the answer is as it should be, else what kind of error it is. Learns the length of the text from the first.
inline std::string differences(visitor const& v, document& sent)
{
    if (v.error) return v.error == beast::error::timeout ? "no answer in time" : v.error.message();
    if (http::to_status_class(v.answer.result()) != http::status_class::successful)
        return fmt::format("HTTP {}", v.answer.result_int());
    auto const json = nlohmann::json::parse(v.answer.body(), nullptr, false);
    if (!json.is_object()) return "the answer is not JSON";
    try {
        std::size_t const pages = json.at("pages");
        std::size_t const text_length = json.at("text_length");
        if (sent.text_length == 0) sent.text_length = text_length;
        if (pages != sent.pages) return fmt::format("{} pages instead of {}", pages, sent.pages);
        if (text_length == 0 || text_length != sent.text_length) return "another text";
        if (json.at("images").size() != sent.images)
            return fmt::format("{} images instead of {}", json.at("images").size(), sent.images);
        for (auto const& image : json.at("images"))
            if (image.at("key").get<std::string>().empty() || image.at("bytes").get<std::size_t>() == 0)
                return "an image without key or bytes";
    } catch (nlohmann::json::exception const& error) {
        return std::string{"an unexpected answer: "} + error.what();
    }
    return {};
}

inline asio::awaitable<void> post(visitor& v, http::request<http::span_body<char const>> const& request,
                                  std::chrono::steady_clock::time_point began)
{
    try {
        beast::flat_buffer buffer;
        co_await http::async_write(v.stream, request, asio::use_awaitable);
        co_await http::async_read(v.stream, buffer, v.answer, asio::use_awaitable);
    } catch (boost::system::system_error const& error) {
        v.error = error.code();
    }
    v.waited = std::chrono::duration<double, std::milli>{std::chrono::steady_clock::now() - began}.count();
    v.stream.close();
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // gcc 12 inlines one of a coroutine's two, and not the other
#endif

/// Posts the document so many times at once, each on a connection of its own, all of which are there before the clock
/// starts.
///
/// Throws: boost::system::system_error if it can't connect.
inline asio::awaitable<round> run_round(service const& process, tcp::endpoint address, std::string_view target,
                                        document& sent, std::size_t requests, progress& bar)
{
    constexpr std::chrono::seconds limit{600};  // a thousand that are blocked by each other wait for minutes
    auto const executor = co_await asio::this_coro::executor;
    http::request<http::span_body<char const>> request{http::verb::post, {target.data(), target.size()}, 11};
    request.set(http::field::host, "127.0.0.1");
    request.set(http::field::content_type, "application/pdf");
    request.body() = {sent.bytes.data(), sent.bytes.size()};
    request.prepare_payload();

    std::deque<visitor> visitors;
    while (visitors.size() < requests) {
        visitor& v = visitors.emplace_back(executor);
        v.stream.expires_after(limit);
        co_await v.stream.async_connect(address, asio::use_awaitable);
    }

    prober health{address, limit};
    asio::steady_timer all_answered{executor, std::chrono::steady_clock::time_point::max()};
    std::size_t missing = requests;
    auto const cpu_before = cpu_times_now(process.pid());
    auto const began = std::chrono::steady_clock::now();
    for (visitor& v : visitors)
        asio::co_spawn(executor, post(v, request, began), [&](std::exception_ptr) {
            bar.answered();
            if (--missing == 0) all_answered.cancel();
        });
    boost::system::error_code cancelled;
    co_await all_answered.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));

    round result;
    result.seconds = std::chrono::duration<double>{std::chrono::steady_clock::now() - began}.count();
    result.cpu = cpu_times_now(process.pid()) - cpu_before;
    health.finish();
    result.health = health.waits();
    if (!health.failure().empty()) ++result.errors["GET /health: " + health.failure()];
    for (visitor const& v : visitors) {
        if (auto const error = differences(v, sent); error.empty())
            result.waits.push_back(v.waited);
        else
            ++result.errors[error];
    }
    co_return result;
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

}  // namespace load
