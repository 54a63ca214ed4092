// SPDX-License-Identifier: BSL-1.0

// An HTTP service with two loops and a pool, watched by a monitor: the README beside this file tells what a team should
// know before it does the same. Ends with SIGINT or SIGTERM; SIGHUP has it open its log files anew.

#include "http.hpp"
#include "log.hpp"
#include "monitoring.hpp"
#include "settings.hpp"
#include "shop.hpp"

#include <boost/asio.hpp>
#include <fmt/format.h>
#include <loopwatch/health.hpp>
#include <loopwatch/monitor.hpp>
#include <loopwatch/pictures.hpp>

#include <pthread.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::awaitable;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view usage = R"(usage: monitored_service [option...]
  --port N          of the service, on 127.0.0.1 (any that is free)
  --admin-port N    of /metrics, /health, /top and /blocks (any that is free)
  --threshold MS    how long a loop may be blocked before it is told (100)
  --log FILE        (standard error)
  --blocks FILE     what is told of blocks, also as lines of JSON
  --black-box FILE  what outlives a kill, for `./dev read FILE`
LOOPWATCH_OPTIONS=loopwatch=off turns the monitor off, LOOPWATCH_OPTIONS=threshold=50ms overrides the option.
)";

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
        else if (name == "--admin-port")
            result.admin_port = static_cast<std::uint16_t>(number_in(value(), 0, 65535));
        else if (name == "--threshold")
            result.threshold = std::chrono::milliseconds{number_in(value(), 1, 3600 * 1000)};
        else if (name == "--log")
            result.log = value();
        else if (name == "--blocks")
            result.blocks = value();
        else if (name == "--black-box")
            result.black_box = value();
        else
            throw std::invalid_argument{"unknown option " + std::string{name}};
    }
    return result;
}

// --- the admin port ---

double in_ms(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::milli>{time}.count(); }

/// What holds the loops longest, a line each: for those who have a terminal and no browser.
std::string ranking_of(loopwatch::monitor const& monitor)
{
    std::string text = "share     total  blocks   longest  cause          loop  culprit\n";
    for (loopwatch::ranked_path const& path : monitor.top(10))
        text += fmt::format("{:4.0f}%  {:5.0f} ms  {:6}  {:5.0f} ms  {:13}  {:4}  {} at {}:{}\n", path.share * 100,
                            in_ms(path.total), path.count, in_ms(path.longest), to_string(path.cause), path.loop,
                            path.culprit, path.file.substr(path.file.rfind('/') + 1), path.line);
    return text;
}

http_response page_of(loopwatch::monitor& monitor, std::string_view path)
{
    if (path == "/metrics") return answer(http::status::ok, monitor.prometheus(), "text/plain; version=0.0.4");
    if (path == "/blocks") return answer(http::status::ok, html_page(monitor.recording()), "text/html; charset=utf-8");
    if (path == "/top") return answer(http::status::ok, ranking_of(monitor));
    if (path == "/health") {
        auto const health = monitor.health();
        return answer(health.ok ? http::status::ok : http::status::service_unavailable, to_string(health));
    }
    return answer(http::status::not_found, "/metrics /health /top /blocks\n");
}

/// Without a restart: what an on-call person may want, of whom the admin port must be.
http_response change(loopwatch::monitor& monitor, std::string_view path)
{
    constexpr std::string_view threshold = "/monitor/threshold/";
    if (path == "/monitor/off")
        monitor.pause();
    else if (path == "/monitor/on")
        monitor.resume();
    else if (path.substr(0, threshold.size()) == threshold)
        monitor.set_threshold(std::chrono::milliseconds{number_in(path.substr(threshold.size()), 1, 3600 * 1000)});
    else
        return answer(http::status::not_found, "/monitor/off /monitor/on /monitor/threshold/MS\n");
    return answer(http::status::ok, "done\n");
}

awaitable<http_response> administer(loopwatch::monitor& monitor, http_request const& request)
{
    std::string_view const path{request.target().data(), request.target().size()};
    co_return request.method() == http::verb::post ? change(monitor, path) : page_of(monitor, path);
}

// --- the service ---

std::thread run_as(char const* name, asio::io_context& loop)
{
    return std::thread{[name, &loop] {
        ::pthread_setname_np(::pthread_self(), name);
        loop.run();
    }};
}

void run(settings const& how)
{
    auto const file = how.log.empty() ? nullptr : std::make_shared<rotated_file>(how.log);
    auto const log = file != nullptr ? std::make_shared<spdlog::logger>("service", file)
                                     : std::make_shared<spdlog::logger>(
                                           "service", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    asio::io_context api{1};
    asio::io_context jobs{1};
    asio::thread_pool pool{2};
    // /health must answer while the others are stuck, and so must SIGTERM: so these have a loop of their own, which
    // does nothing else. A port of its own keeps the pages from the public.
    asio::io_context admin{1};

    monitoring watch{how, log, api, jobs, pool};
    loopwatch::monitor& monitor = watch.monitor();
    shop business{api, jobs, pool, [&] { return watch.jobs().is_overloaded(100ms); }};
    http_server public_server{api, how.port, [&](http_request const& r) { return business.respond(r); }};
    http_server admin_server{admin, how.admin_port, [&](http_request const& r) { return administer(monitor, r); }};

    asio::signal_set hang_up{admin, SIGHUP};
    std::function<void()> const reopen_when_told = [&] {
        hang_up.async_wait([&](boost::system::error_code error, int) {
            if (error) return;
            if (file != nullptr) file->reopen();
            monitor.reopen_sinks();
            log->info("log files were opened anew");
            reopen_when_told();
        });
    };
    reopen_when_told();
    asio::signal_set stop{admin, SIGINT, SIGTERM};
    stop.async_wait([&](boost::system::error_code error, int) {
        if (error) return;
        log->info("ending");
        hang_up.cancel();
        public_server.close();
        admin_server.close();
    });

    log->info("listening on 127.0.0.1:{}, admin on 127.0.0.1:{}", public_server.port(), admin_server.port());
    std::cout << "listening on 127.0.0.1:" << public_server.port() << ", admin on 127.0.0.1:" << admin_server.port()
              << std::endl;
    auto work = asio::make_work_guard(jobs);
    std::thread api_thread = run_as("api", api);
    std::thread jobs_thread = run_as("jobs", jobs);
    admin.run();        // until the signal
    api_thread.join();  // when all requests are answered
    work.reset();
    jobs_thread.join();
    pool.join();
    monitor.flush();  // what the last requests blocked is told, too
    log->info("ended");
}

}  // namespace

int main(int argc, char** argv)
{
    settings how;
    try {
        how = parse(argc, argv);
    } catch (std::invalid_argument const& error) {
        std::cerr << "monitored_service: " << error.what() << '\n' << usage;
        return 2;
    }
    try {
        run(how);
        return EXIT_SUCCESS;
    } catch (std::exception const& error) {
        std::cerr << "monitored_service: " << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
