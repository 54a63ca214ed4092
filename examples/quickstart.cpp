// SPDX-License-Identifier: BSL-1.0

// A TCP service that answers with digests of files, first with the mistake that loopwatch finds, then without it.
// A request is one line, "digest-blocking NAME" or "digest-offloaded NAME"; the answer is one line, the CRC-32.
// Exits with 0 if loopwatch blamed the first endpoint, for the function that is to blame, and not the second.

#include <asio.hpp>
#include <boost/crc.hpp>
#include <fmt/format.h>
#include <loopwatch/format.hpp>
#include <loopwatch/loopwatch.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;
using loopwatch::block_report;
using milliseconds = std::chrono::duration<double, std::milli>;

// Longer than a busy machine keeps a free loop waiting, shorter than it takes to hash a file.
constexpr auto threshold = 20ms;
constexpr auto tick_distance = 5ms;
constexpr int client_count = 4;

// --- the service ---

/// Reads and hashes a whole file, and keeps the calling thread for as long as that takes.
std::uint32_t crc32_of_file(fs::path const& file)
{
    std::ifstream in{file, std::ios::binary};
    if (!in) throw std::runtime_error{"cannot read " + file.string()};
    boost::crc_32_type crc;
    std::vector<char> bytes(64 * 1024);
    while (in.read(bytes.data(), static_cast<std::streamsize>(bytes.size())) || in.gcount() > 0)
        crc.process_bytes(bytes.data(), static_cast<std::size_t>(in.gcount()));
    return crc.checksum();
}

awaitable<std::uint32_t> digest(fs::path const& file) { co_return crc32_of_file(file); }

awaitable<void> serve(tcp::socket client, fs::path const& folder, asio::thread_pool& pool)
{
    std::string received;
    while (true) {
        auto const length = co_await async_read_until(client, asio::dynamic_buffer(received), '\n', use_awaitable);
        std::istringstream line{received.substr(0, length)};
        received.erase(0, length);
        std::string command;
        std::string name;
        line >> command >> name;
        fs::path const file = folder / fs::path{name}.filename();

        std::string answer = "unknown command\n";
        if (command == "digest-blocking")
            answer = fmt::format("{:08x}\n", co_await digest(file));
        else if (command == "digest-offloaded")
            answer = fmt::format("{:08x}\n", co_await asio::co_spawn(pool, digest(file), use_awaitable));
        co_await async_write(client, asio::buffer(answer), use_awaitable);
    }
}

awaitable<void> accept_clients(tcp::acceptor& acceptor, fs::path const& folder, asio::thread_pool& pool)
{
    while (true) {
        tcp::socket client = co_await acceptor.async_accept(use_awaitable);
        asio::co_spawn(acceptor.get_executor(), serve(std::move(client), folder, pool), asio::detached);
    }
}

/// Stands for everybody else on this loop: notes how late each tick came. A tick that is due is never skipped, so
/// that a long wait counts for all who had to wait.
awaitable<void> tick(std::vector<milliseconds>& lateness, bool const& over)
{
    asio::steady_timer timer{co_await asio::this_coro::executor, tick_distance};
    while (!over || timer.expiry() < std::chrono::steady_clock::now()) {
        co_await timer.async_wait(use_awaitable);
        lateness.push_back(std::chrono::steady_clock::now() - timer.expiry());
        timer.expires_at(timer.expiry() + tick_distance);
    }
}

// --- its clients ---

awaitable<std::string> ask(tcp::endpoint service, std::string const& request)
{
    tcp::socket connection{co_await asio::this_coro::executor};
    co_await connection.async_connect(service, use_awaitable);
    co_await async_write(connection, asio::buffer(request), use_awaitable);
    std::string answer;
    auto const length = co_await async_read_until(connection, asio::dynamic_buffer(answer), '\n', use_awaitable);
    co_return answer.substr(0, length - 1);
}

/// What the clients run on: a thread that is not the service's. An interrupt ends it in order, so that the file goes.
struct clients {
    asio::io_context loop;
    asio::signal_set interrupts{loop, SIGINT, SIGTERM};
    std::exception_ptr failure;

    clients()
    {
        interrupts.async_wait([this](asio::error_code, int) { fail(std::runtime_error{"interrupted"}); });
    }

    void fail(std::runtime_error const& why)
    {
        failure = std::make_exception_ptr(why);
        loop.stop();
    }

    /// All ask at once. Returns their answers when all have one.
    std::vector<std::string> ask_all(tcp::endpoint service, std::string const& request)
    {
        std::vector<std::string> answers;
        for (int i = 0; i < client_count; ++i)
            asio::co_spawn(loop, ask(service, request), [&](std::exception_ptr error, std::string answer) {
                answers.push_back(std::move(answer));
                if (error) failure = error;
                if (error || answers.size() == client_count) loop.stop();
            });
        loop.restart();
        loop.run();
        return answers;
    }
};

// --- the demonstration ---

/// A file of random bytes in a folder of its own, both gone with it.
class sample_file {
public:
    explicit sample_file(std::size_t megabytes)
    {
        std::string pattern = (fs::temp_directory_path() / "loopwatch-quickstart-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"cannot make a folder like " + pattern};
        folder_ = pattern;
        try {
            fill(megabytes);
        } catch (...) {
            remove();
            throw;
        }
    }
    sample_file(sample_file const&) = delete;
    sample_file& operator=(sample_file const&) = delete;
    ~sample_file() { remove(); }

    [[nodiscard]] fs::path const& folder() const { return folder_; }
    [[nodiscard]] static std::string name() { return "sample.bin"; }

private:
    void fill(std::size_t megabytes) const
    {
        std::ofstream out{folder_ / name(), std::ios::binary};
        std::mt19937_64 random;
        std::vector<std::uint64_t> words(1024 * 1024 / sizeof(std::uint64_t));
        for (std::size_t i = 0; i < megabytes; ++i) {
            std::ranges::generate(words, random);
            auto const bytes = std::as_bytes(std::span{words});
            out.write(reinterpret_cast<char const*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        }
        out.close();
        if (!out) throw std::runtime_error{"cannot write " + (folder_ / name()).string()};
    }
    void remove() const
    {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    fs::path folder_;
};

struct outcome {
    std::vector<std::string> answers;
    std::vector<milliseconds> lateness;
    std::vector<block_report> blocks;
    std::chrono::duration<double> took{};
};

/// Runs the service, with all clients asking one endpoint at once, and watches its loop.
outcome visit(std::string const& command, sample_file const& file, clients& visitors)
{
    outcome seen;
    bool over = false;
    asio::io_context loop;
    asio::thread_pool pool{1};
    tcp::acceptor acceptor{loop, {asio::ip::address_v4::loopback(), 0}};
    asio::co_spawn(loop, accept_clients(acceptor, file.folder(), pool), asio::detached);
    asio::co_spawn(loop, tick(seen.lateness, over), [&](std::exception_ptr) { loop.stop(); });

    loopwatch::no_loop_blocking guard{
        loop,
        {.threshold = threshold, .action = loopwatch::on_block::log, .loop_name = "digest service"},
        [&](block_report const& block) {
            if (block.ended) seen.blocks.push_back(block);
        }};
    std::thread service{[&] { loop.run(); }};
    auto const began = std::chrono::steady_clock::now();
    seen.answers = visitors.ask_all(acceptor.local_endpoint(), command + " " + file.name() + "\n");
    seen.took = std::chrono::steady_clock::now() - began;
    asio::post(loop, [&] { over = true; });
    service.join();
    guard.finish();

    if (visitors.failure) std::rethrow_exception(visitors.failure);
    std::ranges::sort(seen.lateness);
    return seen;
}

void tell(outcome const& seen)
{
    auto const& late = seen.lateness;
    fmt::print("   {} clients got {} within {:.1f} s\n", seen.answers.size(), seen.answers.front(), seen.took.count());
    fmt::print("   meanwhile the timer was late by up to {:.1f} ms, p99 {:.1f} ms, median {:.1f} ms\n",
               late.back().count(), late[late.size() * 99 / 100].count(), late[late.size() / 2].count());
}

/// Whether the service's own code is the culprit, as against a loop thread that was given no CPU.
bool is_at_fault(block_report const& block) { return block.culprit() != nullptr; }

bool is_hashing(block_report const& block)
{
    return is_at_fault(block) && block.culprit()->function.starts_with("crc32_of_file");
}

bool demonstrate(std::size_t megabytes)
{
    clients visitors;
    sample_file const file{megabytes};
    fmt::print(
        "A service with one event-loop thread gives {} clients the digest of a file of {} MB.\n"
        "On the same loop a timer ticks every {} ms, as any other connection would.\n\n",
        client_count, megabytes, tick_distance.count());

    fmt::print("1. digest-blocking: the handler reads and hashes the file itself\n");
    auto const blocking = visit("digest-blocking", file, visitors);
    tell(blocking);
    auto const longest = std::ranges::max_element(blocking.blocks, {}, &block_report::duration);
    bool const found = longest != blocking.blocks.end() && is_hashing(*longest);
    fmt::print("   blocks of the loop: {}{}\n\n", blocking.blocks.size(), found ? ", the longest was" : "");
    if (longest != blocking.blocks.end()) fmt::print("{}\n", *longest);

    fmt::print("2. digest-offloaded: the handler has the same function run on a thread_pool\n");
    auto const offloaded = visit("digest-offloaded", file, visitors);
    tell(offloaded);
    auto const at_fault = std::ranges::count_if(offloaded.blocks, is_at_fault);
    auto const starved = static_cast<std::ptrdiff_t>(offloaded.blocks.size()) - at_fault;
    if (at_fault == 0)
        fmt::print("   blocks of the loop: none, it stayed free\n");
    else
        fmt::print("   blocks of the loop: {}, the first was\n\n{}\n", at_fault,
                   *std::ranges::find_if(offloaded.blocks, is_at_fault));
    if (starved > 0) fmt::print("   (in no handler, so that other programs are to blame: {} waits)\n", starved);

    auto const is_same = [&](std::string const& answer) { return answer == blocking.answers.front(); };
    return found && at_fault == 0 && std::ranges::all_of(offloaded.answers, is_same);
}

int main(int argc, char** argv)
{
    bool const small = argc == 2 && std::string_view{argv[1]} == "--small";
    if (argc > 1 && !small) {
        fmt::print(stderr, "usage: {} [--small]\n", argv[0]);
        return 2;
    }
    try {
        return demonstrate(small ? 32 : 256) ? EXIT_SUCCESS : EXIT_FAILURE;
    } catch (std::exception const& error) {
        fmt::print(stderr, "quickstart: {}\n", error.what());
        return EXIT_FAILURE;
    }
}
