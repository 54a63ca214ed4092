// SPDX-License-Identifier: BSL-1.0

// A shop authorises a payment every 20 ms, and after the second one confirms it by e-mail: first with a synchronous
// client, for which all other payments have to wait, then with Asio's asynchronous operations.
// Exits with 0 if loopwatch blamed the first client, and not the second.

#include <asio.hpp>
#include <fmt/format.h>
#include <loopwatch/format.hpp>
#include <loopwatch/loopwatch.hpp>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;

// What a client says to a mail server (RFC 5321), each after a reply to what it said before.
auto const mail = std::vector<std::string>{"EHLO shop.example\r\n",
                                           "MAIL FROM:<shop@shop.example>\r\n",
                                           "RCPT TO:<customer@mail.example>\r\n",
                                           "DATA\r\n",
                                           "Subject: Your payment\r\n\r\nThank you!\r\n.\r\n",
                                           "QUIT\r\n"};

void check(std::string const& reply)
{
    if (reply.front() != '2' && reply.front() != '3') throw std::runtime_error{"the mail server says " + reply};
}

/// As most libraries do it: it returns when the mail is sent.
void send_mail(unsigned short port)
{
    asio::io_context unused;
    tcp::socket server{unused};
    server.connect({asio::ip::address_v4::loopback(), port});
    for (std::string const& line : mail) {
        std::string reply;
        read_until(server, asio::dynamic_buffer(reply), "\r\n");
        check(reply);
        write(server, asio::buffer(line));
    }
}

/// The same, but meanwhile everybody else has a turn.
awaitable<void> async_send_mail(unsigned short port)
{
    tcp::socket server{co_await asio::this_coro::executor};
    co_await server.async_connect({asio::ip::address_v4::loopback(), port}, use_awaitable);
    for (std::string const& line : mail) {
        std::string reply;
        co_await async_read_until(server, asio::dynamic_buffer(reply), "\r\n", use_awaitable);
        check(reply);
        co_await async_write(server, asio::buffer(line), use_awaitable);
    }
}

/// The mail server: it thinks for 25 ms before each reply.
awaitable<void> receive_mail(tcp::acceptor acceptor)
{
    tcp::socket client = co_await acceptor.async_accept(use_awaitable);
    asio::steady_timer thinking{client.get_executor()};
    std::string line;
    std::string reply = "220 mail.example\r\n";
    while (line != "QUIT\r\n") {
        thinking.expires_after(25ms);
        co_await thinking.async_wait(use_awaitable);
        co_await async_write(client, asio::buffer(reply), use_awaitable);
        line.clear();
        std::string_view const end = reply.starts_with("354") ? "\r\n.\r\n" : "\r\n";
        co_await async_read_until(client, asio::dynamic_buffer(line), end, use_awaitable);
        reply = line == "DATA\r\n" ? "354 go on\r\n" : "250 ok\r\n";
    }
}

void rethrow(std::exception_ptr error)
{
    if (error) std::rethrow_exception(error);
}

class shop {
public:
    explicit shop(bool synchronous) : synchronous_{synchronous}
    {
        tcp::acceptor acceptor{mail_thread_, {asio::ip::address_v4::loopback(), 0}};
        mail_port_ = acceptor.local_endpoint().port();
        co_spawn(mail_thread_, receive_mail(std::move(acceptor)), rethrow);
    }

    /// Returns what blocked the shop's loop.
    std::vector<loopwatch::block_report> open()
    {
        loopwatch::no_loop_blocking guard{
            loop_, {.threshold = 10ms, .action = loopwatch::on_block::log}, [](auto const&) { /* printed later */ }};
        began_ = std::chrono::steady_clock::now();
        co_spawn(loop_, take_payments(), rethrow);
        loop_.run();
        guard.finish();
        return guard.blocks();
    }

private:
    awaitable<void> take_payments()
    {
        asio::steady_timer next{loop_, began_};
        for (int payment = 1; payment <= 10; ++payment) {
            next.expires_at(next.expiry() + 20ms);  // customers come when they come
            co_await next.async_wait(use_awaitable);
            auto const late = std::chrono::steady_clock::now() - next.expiry();
            tell(fmt::format("payment {} authorised{}", payment, late < 5ms ? "" : ", " + rounded(late) + " late"));
            if (payment == 2) co_spawn(loop_, confirm(payment), rethrow);
        }
    }

    awaitable<void> confirm(int payment)
    {
        tell(fmt::format("e-mail for payment {}: sending", payment));
        if (synchronous_)
            send_mail(mail_port_);
        else
            co_await async_send_mail(mail_port_);
        tell(fmt::format("e-mail for payment {}: sent", payment));
    }

    static std::string rounded(std::chrono::duration<double, std::milli> time)
    {
        return fmt::format("{:.0f} ms", std::round(time.count() / 10) * 10);
    }
    void tell(std::string_view event) const
    {
        fmt::print("{:>10}  {}\n", rounded(std::chrono::steady_clock::now() - began_), event);
    }

    bool synchronous_;
    std::chrono::steady_clock::time_point began_;
    unsigned short mail_port_;
    asio::io_context loop_;
    asio::thread_pool mail_thread_{1};
};

int main()
try {
    fmt::print("1. The e-mail is sent with a synchronous client\n");
    auto const blocks = shop{true}.open();
    for (auto const& block : blocks) fmt::print("\n{}\n", block);

    fmt::print("2. The e-mail is sent with asynchronous operations\n");
    auto const others = shop{false}.open();
    for (auto const& block : others) fmt::print("\n{}\n", block);
    fmt::print("blocks of the loop: {} before, {} now\n", blocks.size(), others.size());

    bool const found =
        blocks.size() == 1 && blocks[0].culprit() && blocks[0].culprit()->function.starts_with("send_mail");
    return found && others.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
} catch (std::exception const& error) {
    fmt::print(stderr, "payments: {}\n", error.what());
    return EXIT_FAILURE;
}
