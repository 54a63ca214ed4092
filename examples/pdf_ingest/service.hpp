// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>  // Boost.Asio 1.74 forgets it

#include <boost/asio.hpp>

#include "ingest.hpp"
#include "s3.hpp"

/// What the sessions share.
struct ingest_service {
    s3_bucket bucket;
    worker_pools pools;
};

/// Accepts connections and serves each, for ever:
///     POST /ingest/blocking   a PDF: parses and stores it on the loop
///     POST /ingest/async      the same on other threads
///     GET /health
/// Answers are JSON, errors too: {"error": "..."}. The service must outlive the loop's coroutines.
[[nodiscard]] boost::asio::awaitable<void> serve(boost::asio::ip::tcp::acceptor& acceptor, ingest_service& service);
