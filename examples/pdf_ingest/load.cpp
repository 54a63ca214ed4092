// SPDX-License-Identifier: BSL-1.0

// Puts the PDF service under load: so many requests at once against its blocking and its asynchronous endpoint, in
// turns, with the watch and without; and asks meanwhile how long somebody else waits. Starts and ends the services.

#include <utility>  // before Boost.Asio 1.74, which forgets it

#include "load_progress.hpp"
#include "load_report.hpp"
#include "load_results.hpp"
#include "load_round.hpp"
#include "load_service.hpp"

#include <boost/asio.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>

namespace asio = boost::asio;
namespace fs = std::filesystem;

struct options {
    std::string service;
    std::string pdf;
    std::string json;
    std::size_t requests{100};
    std::size_t rounds{0};
    std::size_t seconds{100};
    bool check{false};
};

static int usage(char const* program)
{
    fmt::print(stderr,
               "usage: {} --service PROGRAM --pdf FILE [option...]\n"
               "  --requests N   at once, each on a connection of its own (100)\n"
               "  --rounds R     of each kind (as many as fit into the time, at least 2, at most 10)\n"
               "  --seconds S    what the rounds may take together (100)\n"
               "  --json FILE    write the figures there\n"
               "  --check        also fail if the asynchronous endpoint lets others wait for longer than the blocking\n"
               "                 one does, or if the watch saw nothing\n",
               program);
    return 2;
}

/// Nothing if they can't be understood.
static std::optional<options> parse(std::vector<std::string> const& arguments)
{
    options o;
    for (auto it = arguments.begin(); it != arguments.end(); ++it) {
        std::string const& name = *it;
        if (name == "--check") {
            o.check = true;
            continue;
        }
        if (++it == arguments.end()) return {};
        auto const number = [&](std::size_t& value) {
            auto const [end, error] = std::from_chars(it->data(), it->data() + it->size(), value);
            return error == std::errc{} && end == it->data() + it->size() && value > 0;
        };
        bool good = true;
        if (name == "--service")
            o.service = *it;
        else if (name == "--pdf")
            o.pdf = *it;
        else if (name == "--json")
            o.json = *it;
        else if (name == "--requests")
            good = number(o.requests);
        else if (name == "--rounds")
            good = number(o.rounds);
        else if (name == "--seconds")
            good = number(o.seconds);
        else
            good = false;
        if (!good) return {};
    }
    if (o.service.empty() || o.pdf.empty()) return {};
    return o;
}

/// A folder of its own, gone with it.
class temporary_folder {
public:
    temporary_folder()
    {
        std::string pattern = (fs::temp_directory_path() / "loopwatch-pdf-load-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"cannot make a folder like " + pattern};
        path_ = pattern;
    }
    temporary_folder(temporary_folder const&) = delete;
    temporary_folder& operator=(temporary_folder const&) = delete;
    ~temporary_folder()
    {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    [[nodiscard]] fs::path const& path() const { return path_; }

private:
    fs::path path_;
};

static std::string contents(std::string const& file)
{
    std::ifstream in{file, std::ios::binary};
    std::string bytes{std::istreambuf_iterator<char>{in}, {}};
    if (!in || bytes.empty()) throw std::runtime_error{"cannot read " + file};
    return bytes;
}

/// The service inherits it; both have a descriptor for each connection.
static void allow_connections(std::size_t count)
{
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    auto const needed = static_cast<rlim_t>(count * 2 + 100);
    if (files.rlim_cur >= needed) return;
    files.rlim_cur = needed;
    if (files.rlim_max < needed || ::setrlimit(RLIMIT_NOFILE, &files) != 0)
        throw std::runtime_error{fmt::format("{} connections need {} open files, but only {} are allowed (ulimit -n)",
                                             count, needed, files.rlim_max)};
}

/// How many rounds of each kind, if the first two took so long. Even, for they go forth and back.
static std::size_t rounds_within(std::size_t seconds, std::chrono::duration<double> first_two)
{
    auto const twice = static_cast<double>(seconds) / first_two.count();
    return 2 * static_cast<std::size_t>(std::clamp(twice, 1.0, 5.0));
}

static asio::awaitable<void> measure(options const& o, load::results& measured)
{
    temporary_folder const folder;
    std::string const ranking = folder.path() / "ranking.json";
    load::service watched{{o.service, "--port", "0", "--threshold", "10", "--quiet-reports", "--ranking", ranking}};
    load::service unwatched{{o.service, "--port", "0", "--unwatched"}};
    auto const watched_address = co_await watched.listening();
    auto const unwatched_address = co_await unwatched.listening();

    load::document sent;
    sent.bytes = contents(o.pdf);
    load::progress bar;
    auto const run = [&](load::series const& s, std::size_t requests) {
        auto const& process = s.watched ? watched : unwatched;
        return load::run_round(process, s.watched ? watched_address : unwatched_address, s.target, sent, requests, bar);
    };
    std::size_t const kinds = measured.all.size();
    std::size_t const few = std::min<std::size_t>(o.requests, 20);
    for (std::size_t i = 0; i < kinds; ++i) {
        bar.begin("warm-up: " + measured.all[i].name(), few, i, kinds);
        auto const r = co_await run(measured.all[i], few);
        bar.end(r.seconds);
        for (auto const& [kind, count] : r.errors)
            throw std::runtime_error{fmt::format("{}: {}", measured.all[i].name(), kind)};
    }

    // Forth and back, so that what drifts with time is the same for all.
    std::size_t rounds = o.rounds != 0 ? o.rounds : 2;
    auto const began = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < rounds; ++i) {
        for (std::size_t j = 0; j < kinds; ++j) {
            load::series& s = measured.all[i % 2 == 0 ? j : kinds - 1 - j];
            bar.begin(fmt::format("round {} of {}: {}", i + 1, rounds, s.name()), o.requests, i * kinds + j,
                      rounds * kinds);
            s.rounds.push_back(co_await run(s, o.requests));
            bar.end(s.rounds.back().seconds);
        }
        if (i == 1 && o.rounds == 0) rounds = rounds_within(o.seconds, std::chrono::steady_clock::now() - began);
    }
    bar.clear();
    unwatched.stop();
    watched.stop();
    measured.ranking = nlohmann::json::parse(contents(ranking));
}

/// Whether it is as the story goes; says so if not.
static bool check(load::results const& measured)
{
    bool const better = measured.asynchronous().longest_health_wait() < measured.blocking().longest_health_wait();
    bool const ranked = !measured.ranking.at("paths").empty();
    if (!better) fmt::print(stderr, "pdf_load: /ingest/async let /health wait for as long as /ingest/blocking\n");
    if (!ranked) fmt::print(stderr, "pdf_load: the watch saw nothing that blocks\n");
    return better && ranked;
}

static int run(options const& o)
{
    allow_connections(o.requests);
    load::results measured;
    measured.requests = o.requests;
    std::exception_ptr failure;
    {
        asio::io_context loop;
        asio::signal_set interrupts{loop, SIGINT, SIGTERM};
        interrupts.async_wait([&](boost::system::error_code cancelled, int) {
            if (cancelled) return;
            failure = std::make_exception_ptr(std::runtime_error{"interrupted"});
            loop.stop();
        });
        asio::co_spawn(loop, measure(o, measured), [&](std::exception_ptr error) {
            failure = error;
            interrupts.cancel();
        });
        loop.run();
    }  // the services end here, if they have not
    if (failure) std::rethrow_exception(failure);

    fmt::print("{} requests at once; rounds of each kind: {}; {}\n", o.requests, measured.blocking().rounds.size(),
               o.pdf);
    print(measured);
    if (!o.json.empty()) {
        std::ofstream file{o.json};
        file << to_json(measured).dump(2) << '\n';
        file.close();
        if (!file) throw std::runtime_error{"cannot write " + o.json};
    }
    bool const good = !measured.failed() && (!o.check || check(measured));
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char** argv)
try {
    auto const o = parse({argv + 1, argv + argc});
    return o ? run(*o) : usage(argv[0]);
} catch (std::exception const& error) {
    fmt::print(stderr, "pdf_load: {}\n", error.what());
    return EXIT_FAILURE;
}
