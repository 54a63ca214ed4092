// SPDX-License-Identifier: BSL-1.0

// Ingests PDFs over HTTP: keeps their text's length and stores pictures of their pages in S3, whose place and keys the
// environment tells. Ends with SIGINT or SIGTERM. The README beside this file tells the story.

#include "ingest.hpp"
#include "ranking.hpp"
#include "s3.hpp"
#include "service.hpp"

#include <boost/asio.hpp>
#include <loopwatch/loopwatch.hpp>
#include <nlohmann/json.hpp>

#include <sys/resource.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr std::string_view usage = R"(usage: pdf_ingest [option...]
  --port N          on 127.0.0.1 (any that is free)
  --threshold MS    how long the loop may be blocked before it is reported (10)
  --workers N       threads that parse for /ingest/async (as many as there are processors)
  --uploaders N     threads that upload for it (8)
  --unwatched       without loopwatch, to see what it costs
  --quiet-reports   only count the blocks
  --ranking FILE    write there in the end, as JSON, which code blocked the loop for how long
Where S3 is must be told by S3_ENDPOINT, S3_BUCKET, S3_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
)";

struct settings {
    std::uint16_t port{0};
    std::chrono::milliseconds threshold{10};
    unsigned workers{std::max(1U, std::thread::hardware_concurrency())};
    unsigned uploaders{8};
    bool watched{true};
    bool quiet{false};
    std::string ranking;
};

unsigned number_in(std::string_view text, unsigned least, unsigned most)
{
    unsigned value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
        throw std::invalid_argument{"'" + std::string{text} + "' is no number from " + std::to_string(least) + " to " +
                                    std::to_string(most)};
    return value;
}

settings parse(int argc, char** argv)
{
    settings result;
    for (int i = 1; i < argc; ++i) {
        std::string_view const name = argv[i];
        auto const value = [&] {
            if (++i == argc) throw std::invalid_argument{std::string{name} + " needs a value"};
            return std::string_view{argv[i]};
        };
        if (name == "--port")
            result.port = static_cast<std::uint16_t>(number_in(value(), 0, 65535));
        else if (name == "--threshold")
            result.threshold = std::chrono::milliseconds{number_in(value(), 1, 3600 * 1000)};
        else if (name == "--workers")
            result.workers = number_in(value(), 1, 256);
        else if (name == "--uploaders")
            result.uploaders = number_in(value(), 1, 256);
        else if (name == "--unwatched")
            result.watched = false;
        else if (name == "--quiet-reports")
            result.quiet = true;
        else if (name == "--ranking")
            result.ranking = value();
        else
            throw std::invalid_argument{"unknown option " + std::string{name}};
    }
    return result;
}

/// A thousand clients, and a connection to S3 for each uploader, are more than what many systems allow at first.
void allow_many_connections()
{
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
}

double milliseconds_of(std::chrono::nanoseconds time)
{
    return std::chrono::duration<double, std::milli>{time}.count();
}

json to_json(code_path const& path)
{
    return {{"culprit", path.culprit},
            {"file", path.file},
            {"line", path.line},
            {"cause", path.cause},
            {"evidence", path.evidence},
            {"awaited_by", path.awaited_by},
            {"blocks", path.blocks},
            {"total_ms", milliseconds_of(path.total)},
            {"longest_ms", milliseconds_of(path.longest)}};
}

void write(std::string const& file, path_ranking const& ranking, std::uint64_t excused, std::uint64_t dropped)
{
    json paths = json::array();
    for (code_path const& path : ranking.by_total()) paths.push_back(to_json(path));
    json const all{{"blocks", ranking.blocks()},
                   {"blocked_ms", milliseconds_of(ranking.blocked())},
                   {"excused", excused},
                   {"dropped", dropped},
                   {"paths", std::move(paths)}};
    std::ofstream out{file};
    out << all.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
    out.close();
    if (!out) throw std::runtime_error{"cannot write " + file};
}

void run(settings const& how)
{
    allow_many_connections();
    asio::io_context loop{1};
    ingest_service service{s3_bucket::from_environment(), worker_pools{how.workers, how.uploaders}};
    asio::ip::tcp::acceptor acceptor{loop, {asio::ip::address_v4::loopback(), how.port}};
    asio::signal_set stop{loop, SIGINT, SIGTERM};
    stop.async_wait([&](boost::system::error_code, int) { loop.stop(); });
    asio::co_spawn(loop, serve(acceptor, service), asio::detached);

    path_ranking ranking;
    std::optional<loopwatch::no_loop_blocking> watch;
    if (how.watched)
        watch.emplace(loop,
                      loopwatch::options{
                          .threshold = how.threshold, .action = loopwatch::on_block::log, .loop_name = "pdf_ingest"},
                      [&](loopwatch::block_report const& report) {
                          if (report.ended) ranking.add(report);  // one that lasts is told of before as well
                          if (!how.quiet) loopwatch::write_to_stderr(report);
                      });

    std::cout << "listening on 127.0.0.1:" << acceptor.local_endpoint().port() << std::endl;
    loop.run();
    if (watch) watch->finish();
    if (how.ranking.empty()) return;
    auto const excused = watch ? watch->excused() : std::vector<loopwatch::block_report>{};
    // Not all are kept, but all are numbered.
    write(how.ranking, ranking, excused.empty() ? 0 : excused.back().number, watch ? watch->dropped() : 0);
}

}  // namespace

int main(int argc, char** argv)
{
    settings how;
    try {
        how = parse(argc, argv);
    } catch (std::invalid_argument const& error) {
        std::cerr << "pdf_ingest: " << error.what() << '\n' << usage;
        return 2;
    }
    try {
        run(how);
        return EXIT_SUCCESS;
    } catch (std::exception const& error) {
        std::cerr << "pdf_ingest: " << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
