// SPDX-License-Identifier: BSL-1.0
#include "ingest.hpp"

#include "pdf.hpp"
#include "s3.hpp"

#include <boost/asio.hpp>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include <cstddef>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_awaitable;

namespace {

receipt receipt_for(document const& parsed)
{
    return {.document = to_string(boost::uuids::random_generator{}()),
            .text_length = parsed.text.size(),
            .pages = parsed.pages.size(),
            .images = {}};
}

std::string key_of(receipt const& r, std::size_t page)
{
    return "documents/" + r.document + "/page-" + std::to_string(page + 1) + ".png";
}

// Coroutines, so that co_spawn() can have them run elsewhere. They suspend nowhere.
awaitable<document> parse(std::string const& pdf) { co_return parse_pdf(pdf); }

awaitable<void> upload(s3_bucket const& bucket, std::string key, std::string const& png)
{
    upload_image(bucket, key, png);
    co_return;
}

/// Uploads all pictures at once, and returns when the last one is done, with what went wrong with each, if anything.
awaitable<std::vector<std::exception_ptr>> upload_all(s3_bucket const& bucket, receipt const& r, document const& parsed,
                                                      asio::thread_pool& pool)
{
    auto const loop = co_await asio::this_coro::executor;
    std::vector<std::exception_ptr> failures(parsed.pages.size());
    std::size_t under_way = parsed.pages.size();
    asio::steady_timer all_done{loop, asio::steady_timer::time_point::max()};
    for (std::size_t page = 0; page < parsed.pages.size(); ++page) {
        // Comes back to the loop, so that nothing here is shared between threads.
        auto const done = [&, page](std::exception_ptr failure) {
            failures[page] = std::move(failure);
            if (--under_way == 0) all_done.cancel();
        };
        asio::co_spawn(pool, upload(bucket, key_of(r, page), parsed.pages[page]), asio::bind_executor(loop, done));
    }
    boost::system::error_code cancelled;
    while (under_way > 0) co_await all_done.async_wait(asio::redirect_error(use_awaitable, cancelled));
    co_return failures;
}

}  // namespace

awaitable<receipt> store_document(std::string const& pdf, s3_bucket const& bucket)
{
    document const parsed = parse_pdf(pdf);
    receipt result = receipt_for(parsed);
    for (std::size_t page = 0; page < parsed.pages.size(); ++page) {
        std::string const key = key_of(result, page);
        try {
            upload_image(bucket, key, parsed.pages[page]);
        } catch (s3_error const& error) {
            throw incomplete{error.what(), result};
        }
        result.images.push_back({key, parsed.pages[page].size()});
    }
    co_return result;
}

awaitable<receipt> store_document_on_pools(std::string const& pdf, s3_bucket const& bucket, worker_pools& pools)
{
    document const parsed = co_await asio::co_spawn(pools.parsing, parse(pdf), use_awaitable);
    receipt result = receipt_for(parsed);
    auto const failures = co_await upload_all(bucket, result, parsed, pools.uploading);

    std::string why;
    for (std::size_t page = 0; page < failures.size(); ++page) {
        try {
            if (failures[page]) std::rethrow_exception(failures[page]);
            result.images.push_back({key_of(result, page), parsed.pages[page].size()});
        } catch (s3_error const& error) {
            why = error.what();
        }
    }
    if (!why.empty()) throw incomplete{why, result};
    co_return result;
}
