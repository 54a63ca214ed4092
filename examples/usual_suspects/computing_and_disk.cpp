// SPDX-License-Identifier: BSL-1.0
#include "stage.hpp"
#include "suspect.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <ctime>
#include <fstream>
#include <memory>
#include <string>

#include <fcntl.h>
#include <unistd.h>

static std::chrono::nanoseconds now_by(::clockid_t clock)
{
    ::timespec t{};
    ::clock_gettime(clock, &t);
    return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
}

template <typename Function>
static std::chrono::nanoseconds time_of(Function const& function, ::clockid_t clock)
{
    auto const began = now_by(clock);
    function();
    return now_by(clock) - began;
}

/// Without the wait for a CPU on a busy machine, which is nobody's block.
template <typename Function>
static std::chrono::nanoseconds computing_time_of(Function const& function)
{
    return time_of(function, CLOCK_THREAD_CPUTIME_ID);
}

// --- a large JSON ---

static std::size_t parse_catalogue(std::string const& text)
{
    return nlohmann::json::parse(text).at("articles").size();
}

static std::string catalogue_of(std::size_t articles)
{
    std::string text = R"({"articles": [)";
    for (std::size_t i = 0; i < articles; ++i) {
        if (i > 0) text += ',';
        text += R"({"id": )" + std::to_string(i) + R"(, "name": "article", "price": 19.99, "tags": ["new", "sale"]})";
    }
    return text + "]}";
}

static deed prepare_json()
{
    auto const text = std::make_shared<std::string>();
    std::size_t articles = 1000;
    do {  // until it is large for this machine
        *text = catalogue_of(articles *= 2);
    } while (computing_time_of([&] { parse_catalogue(*text); }) < long_enough);
    return [text]() -> asio::awaitable<void> {
        parse_catalogue(*text);
        co_return;
    };
}

// --- a large file ---

/// Reading numbers as text costs more than having them read from the disk: that it computes is true on any machine.
static std::uint64_t sum_of_numbers(std::string const& file)
{
    std::ifstream in{file};
    std::uint64_t sum = 0;
    for (std::uint64_t number = 0; in >> number;) sum += number;
    return sum;
}

/// Numbers in a file, which the system has forgotten the contents of, if it can.
static void write_numbers(std::string const& file, std::size_t count)
{
    std::ofstream out{file};
    for (std::size_t i = 0; i < count; ++i) out << i << '\n';
    out.close();
    if (!out) throw std::runtime_error{"cannot write " + file};
    int const fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    ::fdatasync(fd);
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    ::close(fd);
}

static deed prepare_ifstream()
{
    auto const folder = std::make_shared<private_folder>();
    std::string const file = folder->path() / "numbers.txt";
    std::size_t count = 100'000;
    do write_numbers(file, count *= 2);
    while (computing_time_of([&] { sum_of_numbers(file); }) < long_enough);
    write_numbers(file, count);
    return [folder, file]() -> asio::awaitable<void> {
        sum_of_numbers(file);
        co_return;
    };
}

// --- a sync to disk ---

static void make_durable(int journal) { ::fdatasync(journal); }

class journal {
public:
    // Not in the folder for temporary files, which may be memory.
    journal() : folder_{"/var/tmp"}, name_{folder_.path() / "journal.bin"}
    {
        fd_ = ::open(name_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd_ < 0) throw std::system_error{errno, std::generic_category(), name_};
    }
    journal(journal const&) = delete;
    journal& operator=(journal const&) = delete;
    ~journal() { ::close(fd_); }

    [[nodiscard]] int descriptor() const { return fd_; }

    void rewrite(std::size_t megabytes) const
    {
        std::string const block(1 << 20, 'x');
        if (::ftruncate(fd_, 0) != 0 || ::lseek(fd_, 0, SEEK_SET) != 0)
            throw std::system_error{errno, std::generic_category(), name_};
        for (std::size_t i = 0; i < megabytes; ++i)
            if (::write(fd_, block.data(), block.size()) != static_cast<ssize_t>(block.size()))
                throw std::system_error{errno, std::generic_category(), name_};
    }

private:
    private_folder folder_;
    std::string name_;
    int fd_{-1};
};

static deed prepare_fdatasync()
{
    constexpr std::size_t largest = 1024;
    auto const file = std::make_shared<journal>();
    std::size_t megabytes = 32;
    do {
        megabytes *= 2;
        file->rewrite(megabytes);
    } while (time_of([&] { make_durable(file->descriptor()); }, CLOCK_MONOTONIC) < long_enough && megabytes < largest);
    file->rewrite(megabytes);
    return [file]() -> asio::awaitable<void> {
        make_durable(file->descriptor());
        co_return;
    };
}

std::vector<suspect> computing_and_disk()
{
    using loopwatch::cause;
    constexpr std::string_view pool = "thread_pool: co_await co_spawn(pool, ..., use_awaitable)";
    return {
        {"json", "parses a large JSON", prepare_json, verdict{cause::cpu, "on CPU for", "parse_catalogue", pool}},
        {"ifstream", "reads numbers from a large file", prepare_ifstream,
         verdict{cause::cpu, "on CPU for", "sum_of_numbers", pool}},
        {"fdatasync", "has a large file written to disk", prepare_fdatasync,
         verdict{cause::disk, "fdatasync(fd ", "make_durable", "run the sync to disk on a thread_pool"}},
    };
}
