// SPDX-License-Identifier: BSL-1.0
#include "service.hpp"

#include "ingest.hpp"
#include "pdf.hpp"

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using namespace std::chrono_literals;
using asio::awaitable;
using asio::redirect_error;
using asio::use_awaitable;
using nlohmann::json;

namespace {

using request = http::request<http::string_body>;
using response = http::response<http::string_body>;

constexpr std::uint64_t largest_body = 32 << 20;

// How long a client may be silent. A loop that is blocked hears its clients late: with a thousand of them in its queue,
// by minutes.
constexpr auto longest_silence = 5min;

response answer(http::status status, json const& body)
{
    response result{status, 11};
    result.set(http::field::content_type, "application/json");
    result.body() = body.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
    return result;
}

response refusal(http::status status, std::string const& why) { return answer(status, {{"error", why}}); }

json to_json(std::vector<stored_image> const& images)
{
    json list = json::array();
    for (stored_image const& image : images) list.push_back({{"key", image.key}, {"bytes", image.bytes}});
    return list;
}

response acceptance(receipt const& r)
{
    return answer(
        http::status::created,
        {{"document", r.document}, {"text_length", r.text_length}, {"pages", r.pages}, {"images", to_json(r.images)}});
}

/// Nothing that is stored by halves is left unsaid.
response failure(incomplete const& error)
{
    return answer(http::status::bad_gateway, {{"error", error.what()},
                                              {"document", error.stored.document},
                                              {"pages", error.stored.pages},
                                              {"stored", to_json(error.stored.images)}});
}

// --- the endpoints ---

awaitable<response> ingest_blocking(ingest_service& service, request const& pdf)
{
    receipt const stored = co_await store_document(pdf.body(), service.bucket);
    co_return acceptance(stored);
}

awaitable<response> ingest_async(ingest_service& service, request const& pdf)
{
    receipt const stored = co_await store_document_on_pools(pdf.body(), service.bucket, service.pools);
    co_return acceptance(stored);
}

response wrong_method(http::verb allowed)
{
    auto result = refusal(http::status::method_not_allowed, "use " + std::string{http::to_string(allowed)});
    result.set(http::field::allow, http::to_string(allowed));
    return result;
}

awaitable<response> route(ingest_service& service, request const& r)
{
    std::string_view const target{r.target().data(), r.target().size()};
    std::string_view const path = target.substr(0, target.find('?'));
    bool const ingests = path == "/ingest/blocking" || path == "/ingest/async";
    if (!ingests && path != "/health") co_return refusal(http::status::not_found, "there is no " + std::string{path});
    http::verb const method = ingests ? http::verb::post : http::verb::get;
    if (r.method() != method) co_return wrong_method(method);
    if (ingests && r.body().empty()) co_return refusal(http::status::bad_request, "the body is empty: post a PDF");

    if (path == "/ingest/blocking") co_return co_await ingest_blocking(service, r);
    if (path == "/ingest/async") co_return co_await ingest_async(service, r);
    co_return answer(http::status::ok, {{"status", "ok"}});
}

awaitable<response> respond(ingest_service& service, request const& r)
{
    try {
        co_return co_await route(service, r);
    } catch (bad_document const& error) {
        co_return refusal(http::status::unprocessable_entity, error.what());
    } catch (incomplete const& error) {
        co_return failure(error);
    } catch (std::exception const& error) {
        co_return refusal(http::status::internal_server_error, error.what());
    }
}

// --- the connections ---

response refusal_of(beast::error_code malformed)
{
    if (malformed == http::error::body_limit)
        return refusal(http::status::payload_too_large,
                       "the body is larger than " + std::to_string(largest_body >> 20U) + " MB");
    return refusal(http::status::bad_request, "this is no HTTP request: " + malformed.message());
}

/// Reads a request, and what stands in the way of answering it, if anything. A body that is too large is not read.
awaitable<beast::error_code> read(beast::tcp_stream& client, beast::flat_buffer& buffer,
                                  http::request_parser<http::string_body>& parser)
{
    beast::error_code error;
    client.expires_after(longest_silence);
    co_await http::async_read_header(client, buffer, parser, redirect_error(use_awaitable, error));
    if (error) co_return error;
    if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
        http::response<http::empty_body> go_on{http::status::continue_, 11};
        co_await http::async_write(client, go_on, redirect_error(use_awaitable, error));
        if (error) co_return error;
    }
    co_await http::async_read(client, buffer, parser, redirect_error(use_awaitable, error));
    co_return error;
}

/// Closes a connection so that the client gets the answer: bytes that arrive at a closed socket would reset it.
awaitable<void> hang_up(beast::tcp_stream& client)
{
    beast::error_code error;
    client.socket().shutdown(asio::socket_base::shutdown_send, error);
    client.expires_after(5s);
    std::array<char, 16384> unread{};
    while (!error) co_await client.async_read_some(asio::buffer(unread), redirect_error(use_awaitable, error));
}

awaitable<void> session(beast::tcp_stream client, ingest_service& service)
{
    beast::error_code const not_http = http::error::bad_method;  // any of its category
    beast::flat_buffer buffer;
    for (bool keep = true; keep;) {
        http::request_parser<http::string_body> parser;
        parser.body_limit(largest_body);
        beast::error_code const error = co_await read(client, buffer, parser);
        if (error == http::error::end_of_stream || (error && error.category() != not_http.category())) co_return;

        keep = !error && parser.get().keep_alive();
        response reply;
        if (error)
            reply = refusal_of(error);
        else
            reply = co_await respond(service, parser.get());
        reply.keep_alive(keep);
        reply.prepare_payload();
        client.expires_after(longest_silence);
        co_await http::async_write(client, reply, use_awaitable);
    }
    co_await hang_up(client);
}

}  // namespace

awaitable<void> serve(asio::ip::tcp::acceptor& acceptor, ingest_service& service)
{
    auto const loop = co_await asio::this_coro::executor;
    while (true) {
        beast::error_code error;
        asio::ip::tcp::socket client = co_await acceptor.async_accept(redirect_error(use_awaitable, error));
        if (error == asio::error::operation_aborted) co_return;
        if (error) {  // too many open files, most likely: some will be closed
            asio::steady_timer pause{loop, 100ms};
            co_await pause.async_wait(use_awaitable);
            continue;
        }
        asio::co_spawn(loop, session(beast::tcp_stream{std::move(client)}, service), asio::detached);
    }
}
