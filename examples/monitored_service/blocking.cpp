// SPDX-License-Identifier: BSL-1.0
#include "blocking.hpp"

#include <boost/asio.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

namespace {

std::chrono::nanoseconds computed_so_far()
{
    timespec at{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return std::chrono::seconds{at.tv_sec} + std::chrono::nanoseconds{at.tv_nsec};
}

/// Another server, in a thread of this process: takes a connection, thinks, and answers.
class config_server {
public:
    config_server() : answers_{[this] { run(); }} {}
    config_server(config_server const&) = delete;
    config_server& operator=(config_server const&) = delete;
    ~config_server()
    {
        tcp::socket last{context_};
        boost::system::error_code gone;
        stop_ = true;
        last.connect(endpoint(), gone);
        answers_.join();
    }
    [[nodiscard]] tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

private:
    void run()
    {
        for (;;) {
            boost::system::error_code error;
            tcp::socket client = acceptor_.accept(error);
            if (stop_) return;
            if (error) continue;
            std::this_thread::sleep_for(200ms);
            asio::write(client, asio::buffer("currency = EUR\n", 15), error);
        }
    }

    asio::io_context context_;
    tcp::acceptor acceptor_{context_, {asio::ip::address_v4::loopback(), 0}};
    std::atomic<bool> stop_{false};
    std::thread answers_;
};

}  // namespace

std::uint64_t digest_of(unsigned rounds)
{
    std::uint64_t value = 88172645463325252U;
    for (unsigned i = 0; i < rounds; ++i) {
        value ^= value << 13U;
        value ^= value >> 7U;
        value ^= value << 17U;
    }
    return value;
}

void compute_report()
{
    auto const until = computed_so_far() + 150ms;
    do {
        std::vector<double> sales(5'000);
        std::generate(sales.begin(), sales.end(), std::minstd_rand{});
        std::sort(sales.begin(), sales.end());
    } while (computed_so_far() < until);
}

void import_catalogue()
{
    auto const until = computed_so_far() + 250ms;
    do {
        std::map<std::string, int> articles;
        for (int i = 0; i < 1'000; ++i) articles.emplace(std::to_string(i), i);
    } while (computed_so_far() < until);
}

std::string fetch_config()
{
    static config_server const server;
    asio::io_context none;
    tcp::socket socket{none};
    socket.connect(server.endpoint());
    std::string text;
    boost::system::error_code end;
    asio::read(socket, asio::dynamic_buffer(text), end);
    return text;
}

void export_catalogue() { std::this_thread::sleep_for(200ms); }

void look_up(std::mutex& catalogue) { std::lock_guard const hold{catalogue}; }

void write_audit_record()
{
    // Not in the folder for temporary files, which may be memory.
    std::string name = "/var/tmp/loopwatch-audit-XXXXXX";
    int const file = ::mkostemp(name.data(), O_CLOEXEC);
    if (file < 0) throw std::system_error{errno, std::generic_category(), name};
    ::unlink(name.c_str());
    static std::string const record(16 << 20, 'x');
    auto const written = ::write(file, record.data(), record.size());
    ::fdatasync(file);
    ::close(file);
    if (written < 0) throw std::system_error{errno, std::generic_category(), name};
}

void send_a_notification()
{
    auto const until = computed_so_far() + 1ms;
    do {
        std::string message;
        for (int i = 0; i < 100; ++i) message += std::to_string(i);
    } while (computed_so_far() < until);
}

void wait_for_own_loop(asio::io_context& loop)
{
    auto const done = std::make_shared<std::promise<void>>();
    auto future = done->get_future();
    asio::post(loop, [done] { done->set_value(); });
    future.wait_for(2s);
}
