// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "http.hpp"

#include <loopwatch/monitor.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

/// The service's own business: takes orders, on two loops and a pool, and has endpoints that block a loop in ways that
/// are found in real services.
///
///     GET /orders   an order is priced in the pool, and booked on the jobs loop: nothing blocks; 503 while jobs are
///     late GET /report   computes the month's report on the api loop GET /config   asks another server for the
///     configuration, with a call that waits GET /legacy   waits for a mutex that the nightly export holds GET /audit
///     waits until a disk has what was written GET /burst    so many short handlers at once that the others are late
///     GET /import   computes on the jobs loop: the api stays free, orders wait
///     GET /hang     waits on the api loop for what only that loop can do, for two seconds at most
class shop {
public:
    /// `is_late`: whether the jobs loop is, for load shedding. The loops and the pool must outlive it.
    shop(boost::asio::io_context& api, boost::asio::io_context& jobs, boost::asio::thread_pool& pool,
         std::function<bool()> is_late);

    /// On the api loop.
    [[nodiscard]] boost::asio::awaitable<http_response> respond(http_request const& request);

private:
    [[nodiscard]] boost::asio::awaitable<http_response> take_order();
    [[nodiscard]] boost::asio::awaitable<void> find_in_legacy_catalogue();

    boost::asio::io_context& api_;
    boost::asio::io_context& jobs_;
    boost::asio::thread_pool& pool_;
    std::function<bool()> is_late_;
    std::mutex catalogue_;
    // Of the jobs loop:
    std::map<std::uint64_t, std::uint64_t> booked_;
};
