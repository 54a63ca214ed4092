// SPDX-License-Identifier: BSL-1.0
#include "stage.hpp"
#include "suspect.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include <netdb.h>
#include <netinet/in.h>
#include <nss.h>
#include <resolv.h>
#include <sys/socket.h>

using asio::use_awaitable;
using asio::ip::tcp;
using asio::ip::udp;

static asio::awaitable<void> pause_for(std::chrono::steady_clock::duration length)
{
    asio::steady_timer timer{co_await asio::this_coro::executor, length};
    co_await timer.async_wait(use_awaitable);
}

// --- HTTP with libcurl ---

static asio::awaitable<void> answer_late(tcp::socket client)
{
    std::string request;
    co_await async_read_until(client, asio::dynamic_buffer(request), "\r\n\r\n", use_awaitable);
    co_await pause_for(long_enough);
    std::string_view const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    co_await async_write(client, asio::buffer(answer), use_awaitable);
}

struct slow_http_server {
    other_side side{"http-server"};
    tcp::acceptor acceptor{side.loop(), {asio::ip::address_v4::loopback(), 0}};

    slow_http_server()
    {
        asio::co_spawn(
            side.loop(),
            [this]() -> asio::awaitable<void> {
                while (true)
                    asio::co_spawn(side.loop(), answer_late(co_await acceptor.async_accept(use_awaitable)),
                                   asio::detached);
            },
            asio::detached);
    }
    [[nodiscard]] std::string url() const
    {
        return "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/profile";
    }
};

static std::string fetch_profile(std::string const& url)
{
    std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> const transfer{curl_easy_init(), curl_easy_cleanup};
    std::string body;
    auto const append = +[](char* bytes, std::size_t, std::size_t size, void* to) {
        static_cast<std::string*>(to)->append(bytes, size);
        return size;
    };
    curl_easy_setopt(transfer.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(transfer.get(), CURLOPT_NOPROXY, "*");
    curl_easy_setopt(transfer.get(), CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(transfer.get(), CURLOPT_WRITEDATA, &body);
    if (auto const code = curl_easy_perform(transfer.get()); code != CURLE_OK)
        throw std::runtime_error{curl_easy_strerror(code)};
    return body;
}

static deed prepare_curl()
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return [server = std::make_shared<slow_http_server>()]() -> asio::awaitable<void> {
        fetch_profile(server->url());
        co_return;
    };
}

// --- the name of a host ---

/// Knows every name, after some time.
struct slow_name_server {
    other_side side{"name-server"};
    udp::socket socket{side.loop(), {asio::ip::address_v4::loopback(), 0}};

    slow_name_server() { asio::co_spawn(side.loop(), serve(), asio::detached); }

private:
    asio::awaitable<void> serve()
    {
        constexpr std::size_t header = 12;
        constexpr std::array<unsigned char, 16> address_record{0xc0, header, 0, 1, 0,   1, 0, 0,
                                                               0,    60,     0, 4, 127, 0, 0, 1};
        std::array<unsigned char, 512> packet{};
        while (true) {
            udp::endpoint client;
            auto const size = co_await socket.async_receive_from(asio::buffer(packet), client, use_awaitable);
            if (size < header) continue;
            co_await pause_for(long_enough);
            // The question again, up to the end of its name, type and class, then the answer.
            auto const name_end = std::find(packet.begin() + header, packet.end(), 0);
            if (packet.end() - name_end < 5 + static_cast<std::ptrdiff_t>(address_record.size())) continue;
            packet[2] = 0x84;  // a response, authoritative
            packet[3] = 0;
            packet[7] = 1;               // answers
            packet[9] = packet[11] = 0;  // nothing additional
            auto const end = std::ranges::copy(address_record, name_end + 5).out;
            co_await socket.async_send_to(asio::buffer(packet.data(), static_cast<std::size_t>(end - packet.begin())),
                                          client, use_awaitable);
        }
    }
};

/// Has this thread ask that server alone: the resolver's state is the thread's own, so that this needs no rights.
static void use_name_server(std::uint16_t port)
{
    ::__nss_configure_lookup("hosts", "dns");
    ::res_init();
    _res.nscount = 1;
    _res.nsaddr_list[0].sin_family = AF_INET;
    _res.nsaddr_list[0].sin_port = htons(port);
    _res.nsaddr_list[0].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static void look_up(char const* host)
{
    ::addrinfo wanted{};
    wanted.ai_family = AF_INET;
    wanted.ai_socktype = SOCK_STREAM;
    ::addrinfo* found = nullptr;
    if (int const code = ::getaddrinfo(host, "443", &wanted, &found); code != 0)
        throw std::runtime_error{::gai_strerror(code)};
    ::freeaddrinfo(found);
}

static deed prepare_getaddrinfo()
{
    return [server = std::make_shared<slow_name_server>()]() -> asio::awaitable<void> {
        use_name_server(server->socket.local_endpoint().port());
        look_up("api.example.com.");
        co_return;
    };
}

std::vector<suspect> network()
{
    using loopwatch::cause;
    return {
        {"curl", "asks an HTTP server with libcurl", prepare_curl,
         verdict{cause::blocking_call, "poll(fd ", "fetch_profile", "run the transfer on a thread_pool"}},
        {"getaddrinfo", "looks up a host's name", prepare_getaddrinfo,
         verdict{cause::blocking_call, "-> 127.0.0.1:", "look_up", "ip::tcp::resolver::async_resolve"}},
    };
}
