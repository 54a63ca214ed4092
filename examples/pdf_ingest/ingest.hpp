// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>  // Boost.Asio 1.74 forgets it

#include <boost/asio.hpp>

#include "s3.hpp"

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

struct stored_image {
    std::string key;
    std::size_t bytes{};
};

/// What became of a document: what the client is told.
struct receipt {
    std::string document;  // its id
    std::size_t text_length{};
    std::size_t pages{};
    std::vector<stored_image> images;
};

/// Some images of a document, or all, could not be stored.
class incomplete : public std::runtime_error {
public:
    incomplete(std::string const& why, receipt what) : std::runtime_error{why}, stored{std::move(what)} {}

    receipt stored;  // images: those that are in S3 all the same
};

/// Where the offloaded work is done. Parsing needs processors, and more threads than there are would only take them
/// from the loop; uploads need next to none, but a thread each for as long as they wait. Were both in one pool, the
/// uploads of the first document would wait until the last one that has arrived was parsed.
struct worker_pools {
    explicit worker_pools(std::size_t parsers, std::size_t uploaders) : parsing{parsers}, uploading{uploaders} {}

    boost::asio::thread_pool parsing;
    boost::asio::thread_pool uploading;
};

/// Parses a PDF and stores its pages' pictures, all on the thread that runs the coroutine: it looks asynchronous, and
/// is not. Both throw: bad_document, incomplete. What they are given must outlive them.
[[nodiscard]] boost::asio::awaitable<receipt> store_document(std::string const& pdf, s3_bucket const& bucket);

/// The same on the pools' threads: one task parses, and one for each picture uploads.
[[nodiscard]] boost::asio::awaitable<receipt> store_document_on_pools(std::string const& pdf, s3_bucket const& bucket,
                                                                      worker_pools& pools);
