// SPDX-License-Identifier: BSL-1.0

// What handlers cost, as a program that is built with Asio's handlers written down and without: see exact.cpp.
//   exact_handlers_... <watched: 0, 1 by a guard, 2 by a monitor, which measures delays> <ms of each measurement>
// Prints lines: what was measured, its value.

#include <asio.hpp>
#include <loopwatch/loopwatch.hpp>
#include <loopwatch/monitor.hpp>

#include "../cpu_time.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

using clock_type = std::chrono::steady_clock;
using std::chrono::milliseconds;
using seconds = std::chrono::duration<double>;

namespace {

enum class watched { not_at_all, by_guard, by_monitor };
watched how = watched::not_at_all;

template <typename Loop>
class maybe_watched {
public:
    explicit maybe_watched(Loop& loop)
    {
        if (how == watched::by_guard) {
            guard_.emplace(loop, loopwatch::options{.action = loopwatch::on_block::log}, [](auto const&) {});
        } else if (how == watched::by_monitor) {
            static loopwatch::monitor monitor{{}, {}};
            watched_ = monitor.watch(loop, "loop");
        }
    }

private:
    std::optional<loopwatch::no_loop_blocking> guard_;
    std::optional<loopwatch::watched_loop> watched_;
};

/// ns for each of so many, the best of several turns: the machine's other work makes none faster.
template <typename Run>
double best_of(std::size_t handlers, milliseconds time, Run const& run)
{
    double best = 1e9;
    for (auto const until = clock_type::now() + time; clock_type::now() < until;) {
        auto const began = clock_type::now();
        run();
        double const each = seconds{clock_type::now() - began}.count() * 1e9 / static_cast<double>(handlers);
        best = std::min(best, each);
    }
    return best;
}

/// A handler that posts itself, so many times in all.
template <typename Executor>
struct again {
    Executor executor;
    std::size_t left;

    void operator()()
    {
        if (--left > 0) asio::post(executor, again{executor, left});
    }
};
template <typename Executor>
again(Executor, std::size_t) -> again<Executor>;

constexpr std::size_t handlers = 200'000;

double post(milliseconds time)
{
    return best_of(handlers, time, [] {
        asio::io_context loop{1};
        maybe_watched const watch{loop};
        asio::post(loop, again{loop.get_executor(), handlers});
        loop.run();
    });
}

asio::awaitable<void> post_again_and_again()
{
    for (std::size_t i = 0; i < handlers; ++i) co_await asio::post(asio::use_awaitable);
}

double co_await_post(milliseconds time)
{
    return best_of(handlers, time, [] {
        asio::io_context loop{1};
        maybe_watched const watch{loop};
        asio::co_spawn(loop, post_again_and_again(), asio::detached);
        loop.run();
    });
}

double strand(milliseconds time)
{
    return best_of(handlers, time, [] {
        asio::io_context loop{1};
        maybe_watched const watch{loop};
        auto const one = asio::make_strand(loop);
        asio::post(one, again{one, handlers});
        loop.run();
    });
}

/// Twice as many chains as threads, so that there is always one to be had.
double pool(std::size_t threads, milliseconds time)
{
    std::size_t const chains = threads * 2;
    return best_of(handlers, time, [&] {
        asio::thread_pool loop{threads};
        maybe_watched const watch{loop};
        for (std::size_t i = 0; i < chains; ++i) asio::post(loop, again{loop.get_executor(), handlers / chains});
        loop.join();
    });
}

asio::awaitable<void> echo(asio::ip::tcp::socket socket)
{
    std::array<char, 256> data{};
    for (;;) {
        std::size_t const size = co_await socket.async_read_some(asio::buffer(data), asio::use_awaitable);
        co_await asio::async_write(socket, asio::buffer(data, size), asio::use_awaitable);
    }
}

asio::awaitable<void> serve(asio::ip::tcp::acceptor& acceptor)
{
    for (;;) {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        socket.set_option(asio::ip::tcp::no_delay{true});
        asio::co_spawn(acceptor.get_executor(), echo(std::move(socket)), asio::detached);
    }
}

/// Without Asio: it costs the same in all programs.
void ask(unsigned short port, std::atomic<bool> const& stop, std::atomic<std::size_t>& answers)
{
    constexpr std::size_t connections = 8;
    std::array<int, connections> sockets{};
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int& each : sockets) {
        each = ::socket(AF_INET, SOCK_STREAM, 0);
        int const on = 1;
        ::setsockopt(each, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (::connect(each, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0) std::abort();
    }
    std::array<char, 64> data{};
    while (!stop) {
        for (int const each : sockets)
            if (::send(each, data.data(), data.size(), 0) < 0) std::abort();
        for (int const each : sockets)
            for (std::size_t got = 0; got < data.size();) {
                auto const size = ::recv(each, data.data(), data.size() - got, 0);
                if (size <= 0) std::abort();
                got += static_cast<std::size_t>(size);
            }
        answers += connections;
    }
    for (int const each : sockets) ::close(each);
}

struct echo_result {
    double per_second{0};
    double cpu_of_each{0};  // us of the loop's thread
};

echo_result tcp_echo(milliseconds time)
{
    asio::io_context loop{1};
    maybe_watched const watch{loop};
    asio::ip::tcp::acceptor acceptor{loop, {asio::ip::make_address_v4("127.0.0.1"), 0}};
    asio::co_spawn(loop, serve(acceptor), asio::detached);
    std::atomic<bool> stop{false};
    std::atomic<std::size_t> answers{0};
    std::thread client{[&, port = acceptor.local_endpoint().port()] { ask(port, stop, answers); }};
    loop.run_for(time / 5);
    auto const began = clock_type::now();
    std::size_t const before = answers;
    auto const cpu = cpu_time(CLOCK_THREAD_CPUTIME_ID);
    loop.run_for(time);
    auto const all = static_cast<double>(answers - before);
    seconds const took = clock_type::now() - began;
    seconds const used = cpu_time(CLOCK_THREAD_CPUTIME_ID) - cpu;
    stop = true;
    loop.run_for(milliseconds{50});
    client.join();
    return {all / took.count(), used.count() * 1e6 / all};
}

}  // namespace

int main(int count, char** arguments)
{
    if (count > 1) how = static_cast<watched>(std::atoi(arguments[1]));
    milliseconds const time{count > 2 ? std::atoi(arguments[2]) : 200};
    std::printf("post %f\n", post(time));
    std::printf("co_await %f\n", co_await_post(time));
    std::printf("strand %f\n", strand(time));
    std::printf("pool_2 %f\n", pool(2, time));
    std::printf("pool_4 %f\n", pool(4, time));
    auto const echoed = tcp_echo(time * 3);
    std::printf("echo %f\n", echoed.per_second);
    std::printf("echo_cpu %f\n", echoed.cpu_of_each);
}
