// SPDX-License-Identifier: BSL-1.0
#include "shop.hpp"

#include "blocking.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::awaitable;
using asio::redirect_error;
using asio::use_awaitable;

namespace {

constexpr std::size_t most_booked = 10'000;

std::string_view path_in(http_request const& request)
{
    std::string_view const target{request.target().data(), request.target().size()};
    return target.substr(0, target.find('?'));
}

/// Not much, but not for a loop that has thousands of connections.
awaitable<std::uint64_t> price_of_an_order() { co_return digest_of(2'000); }

awaitable<void> run(void (*function)())
{
    function();
    co_return;
}

}  // namespace

shop::shop(asio::io_context& api, asio::io_context& jobs, asio::thread_pool& pool, std::function<bool()> is_late)
    : api_{api}, jobs_{jobs}, pool_{pool}, is_late_{std::move(is_late)}
{
}

awaitable<http_response> shop::respond(http_request const& request)
{
    std::string_view const path = path_in(request);
    if (request.method() != http::verb::get) co_return answer(http::status::method_not_allowed, "use GET\n");
    if (path == "/orders") co_return co_await take_order();
    if (path == "/report") {
        compute_report();
    } else if (path == "/config") {
        static_cast<void>(fetch_config());
    } else if (path == "/legacy") {
        co_await find_in_legacy_catalogue();
    } else if (path == "/audit") {
        write_audit_record();
    } else if (path == "/burst") {
        for (int i = 0; i < 300; ++i) asio::post(api_, send_a_notification);
        co_await asio::post(api_, use_awaitable);  // behind them
    } else if (path == "/import") {
        co_await asio::co_spawn(jobs_, run(import_catalogue), use_awaitable);
    } else if (path == "/hang") {
        wait_for_own_loop(api_);
    } else {
        co_return answer(http::status::not_found, "/orders /report /config /legacy /audit /burst /import /hang\n");
    }
    co_return answer(http::status::ok, "done\n");
}

awaitable<http_response> shop::take_order()
{
    // An order that would wait for long is refused at once, so that the client, or a load balancer, may ask elsewhere.
    if (is_late_()) {
        http_response busy = answer(http::status::service_unavailable, "too many orders, try again\n");
        busy.set(http::field::retry_after, "1");
        co_return busy;
    }
    std::uint64_t const price = co_await asio::co_spawn(pool_, price_of_an_order(), use_awaitable);
    auto const book = [this, price]() -> awaitable<std::uint64_t> {
        std::uint64_t const number = booked_.empty() ? 1 : booked_.rbegin()->first + 1;
        booked_.emplace(number, price);
        if (booked_.size() > most_booked) booked_.erase(booked_.begin());
        co_return number;
    };
    std::uint64_t const number = co_await asio::co_spawn(jobs_, book, use_awaitable);
    co_return answer(http::status::ok,
                     "{\"order\":" + std::to_string(number) + ",\"price\":" + std::to_string(price % 10'000) + "}\n",
                     "application/json");
}

awaitable<void> shop::find_in_legacy_catalogue()
{
    // The export begins in the pool, and holds the mutex for as long as it writes.
    auto const begun = std::make_shared<asio::steady_timer>(api_, asio::steady_timer::time_point::max());
    asio::post(pool_, [this, begun] {
        std::lock_guard const hold{catalogue_};
        asio::post(api_, [begun] { begun->cancel(); });
        export_catalogue();
    });
    boost::system::error_code cancelled;
    co_await begun->async_wait(redirect_error(use_awaitable, cancelled));
    look_up(catalogue_);
}
