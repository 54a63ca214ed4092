// SPDX-License-Identifier: BSL-1.0

// A service whose loop is really blocked, in several ways, by a monitor with the sink that its arguments name:
//
//     child text|json|otlp|rotating FILE
//     child syslog|journald
//
// Ends with 0 if all has been written.
#include "support/net.hpp"
#include "support/stall.hpp"

#include <loopwatch/monitor.hpp>
#include <loopwatch/to_journald.hpp>
#include <loopwatch/to_json_lines.hpp>
#include <loopwatch/to_otlp.hpp>
#include <loopwatch/to_rotating_file.hpp>
#include <loopwatch/to_syslog.hpp>
#include <loopwatch/to_text.hpp>

#include <cstdio>
#include <exception>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

loopwatch::monitor_sink sink_of(std::string const& name, std::string const& file)
{
    if (name == "text") return loopwatch::to_text_file(file);
    if (name == "json") return loopwatch::to_json_lines(file);
    if (name == "otlp") return loopwatch::to_otlp(file, "shop", {{"deployment.environment.name", "test"}});
    if (name == "rotating") return loopwatch::to_rotating_file(file, 100'000, 2, loopwatch::notice_format::json_lines);
    if (name == "syslog") return loopwatch::to_syslog("shop");
    if (name == "journald") return loopwatch::to_journald("shop");
    throw std::invalid_argument{name};
}

[[gnu::noinline]] void read_catalogue() { std::this_thread::sleep_for(100ms); }
void compute_prices() { spin_through(120ms); }

[[gnu::noinline]] void update_stock(std::mutex& stock) { std::lock_guard const hold{stock}; }

net::awaitable<void> place_order()
{
    read_catalogue();
    co_return;
}
net::awaitable<void> serve() { co_await place_order(); }

}  // namespace

int main(int argc, char** argv)
try {
    if (argc < 2) throw std::invalid_argument{"child SINK [FILE]"};
    net::io_context ctx;
    loopwatch::monitor_limits limits;
    limits.first_interval = nanoseconds{1};
    limits.error_above = 1h;  // all are warnings, however busy the machine
    loopwatch::monitor monitor{
        ctx, {.threshold = 20ms, .loop_name = "api"}, {sink_of(argv[1], argc > 2 ? argv[2] : "")}, limits};

    auto const run = [&](auto const& handler) {
        post(ctx, handler);
        ctx.restart();
        ctx.run();
    };
    for (int i = 0; i < 3; ++i) run([] { read_catalogue(); });
    run([] { compute_prices(); });
    co_spawn(ctx, serve(), net::detached);
    run([] {});

    std::mutex stock;
    std::promise<void> held;
    std::thread holder{[&] {
        std::lock_guard const hold{stock};
        held.set_value();
        sleep_through(100ms);
    }};
    held.get_future().wait();
    run([&] { update_stock(stock); });
    holder.join();

    if (!monitor.flush(60s) || monitor.lost() != 0) throw std::runtime_error{"not all has been written"};
    return 0;
} catch (std::exception const& failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 1;
}
