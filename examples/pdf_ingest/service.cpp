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
#include <optional>
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

awaitable<response> ingest_blocking(ingest_service& service, std::string const& pdf)
{
    receipt const stored = co_await store_document(pdf, service.bucket);
    co_return acceptance(stored);
}

awaitable<response> ingest_async(ingest_service& service, std::string const& pdf)
{
    receipt const stored = co_await store_document_on_pools(pdf, service.bucket, service.pools);
    co_return acceptance(stored);
}

response wrong_method(http::verb allowed)
{
    auto result = refusal(http::status::method_not_allowed, "use " + std::string{http::to_string(allowed)});
    result.set(http::field::allow, http::to_string(allowed));
    return result;
}

awaitable<response> respond(ingest_service& service, http::verb method, std::string_view path, std::string const& body)
{
    bool const ingests = path == "/ingest/blocking" || path == "/ingest/async";
    if (!ingests && path != "/health") co_return refusal(http::status::not_found, "there is no " + std::string{path});
    http::verb const allowed = ingests ? http::verb::post : http::verb::get;
    if (method != allowed) co_return wrong_method(allowed);
    if (ingests && body.empty()) co_return refusal(http::status::bad_request, "the body is empty: post a PDF");
    try {
        if (path == "/ingest/blocking") co_return co_await ingest_blocking(service, body);
        if (path == "/ingest/async") co_return co_await ingest_async(service, body);
        co_return answer(http::status::ok, {{"status", "ok"}});
    } catch (bad_document const& error) {
        co_return refusal(http::status::unprocessable_entity, error.what());
    } catch (incomplete const& error) {
        co_return failure(error);
    } catch (std::exception const& error) {
        co_return refusal(http::status::internal_server_error, error.what());
    }
}

// --- the connections ---

using request_parser = http::request_parser<http::string_body>;

struct connection {
    beast::tcp_stream stream;
    beast::flat_buffer received{};
};

/// Reads a request. Returns the refusal if it can't be served; then some of it may be still to come.
/// Throws: boost::system::system_error if the client is gone.
awaitable<std::optional<response>> read(connection& client, request_parser& request)
{
    beast::error_code error;
    client.stream.expires_after(longest_silence);
    co_await http::async_read_header(client.stream, client.received, request, redirect_error(use_awaitable, error));
    if (!error && request.chunked()) {
        // A body that grows without having told its length would be copied over and over, 16 MB in the end: that alone
        // blocks the loop for longer than 10 ms.
        co_return refusal(http::status::length_required, "send a Content-Length, and no chunks");
    }
    if (!error && beast::iequals(request.get()[http::field::expect], "100-continue")) {
        http::response<http::empty_body> go_on{http::status::continue_, 11};
        co_await http::async_write(client.stream, go_on, use_awaitable);
    }
    if (!error)
        co_await http::async_read(client.stream, client.received, request, redirect_error(use_awaitable, error));
    if (!error) co_return std::nullopt;

    beast::error_code const malformed = http::error::bad_method;  // any of this category
    if (error == http::error::end_of_stream || error.category() != malformed.category())
        throw boost::system::system_error{error};
    if (error == http::error::body_limit)
        co_return refusal(http::status::payload_too_large,
                          "the body is larger than " + std::to_string(largest_body >> 20U) + " MB");
    co_return refusal(http::status::bad_request, "this is no HTTP request: " + error.message());
}

std::string_view path_in(request_parser const& request)
{
    std::string_view const target{request.get().target().data(), request.get().target().size()};
    return target.substr(0, target.find('?'));
}

/// Closes a connection in a way that the client gets the answer: bytes that arrive at a closed socket would reset it.
awaitable<void> hang_up(connection& client)
{
    beast::error_code error;
    client.stream.socket().shutdown(asio::socket_base::shutdown_send, error);
    client.stream.expires_after(5s);
    std::array<char, 16384> unread{};
    while (!error) co_await client.stream.async_read_some(asio::buffer(unread), redirect_error(use_awaitable, error));
}

awaitable<void> session(connection client, ingest_service& service)
{
    for (bool keep = true; keep;) {
        request_parser request;
        request.body_limit(largest_body);
        std::optional<response> const refused = co_await read(client, request);
        response reply;
        if (refused)
            reply = *refused;
        else
            reply = co_await respond(service, request.get().method(), path_in(request), request.get().body());
        keep = !refused && request.get().keep_alive();
        reply.keep_alive(keep);
        reply.prepare_payload();
        client.stream.expires_after(longest_silence);
        co_await http::async_write(client.stream, reply, use_awaitable);
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
        asio::co_spawn(loop, session({beast::tcp_stream{std::move(client)}}, service), asio::detached);
    }
}
