// SPDX-License-Identifier: BSL-1.0

// What the pages of documentation show and no example has: to be compiled, not run.
#include <asio.hpp>
#include <loopwatch/asio.hpp>
#include <loopwatch/black_box.hpp>
#include <loopwatch/catch2.hpp>
#include <loopwatch/monitor.hpp>
#include <loopwatch/pictures.hpp>
#include <loopwatch/read_black_box.hpp>
#include <loopwatch/self_test.hpp>
#include <loopwatch/systemd.hpp>
#include <loopwatch/to_journald.hpp>
#include <loopwatch/to_json_lines.hpp>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

using namespace std::chrono_literals;

struct {
    void add(std::chrono::nanoseconds) {}
} metrics;

asio::awaitable<int> download(std::string_view name) { co_return static_cast<int>(name.size()); }

// The ways of a guard.
void in_a_test(asio::io_context& ctx)
{
    // In a test: raises loop_blocked_error when the guard ends.
    loopwatch::no_loop_blocking guard{ctx, 10ms};
}

asio::awaitable<void> in_a_coroutine()
{
    // Inside a coroutine.
    loopwatch::no_loop_blocking guard{co_await asio::this_coro::executor, {.threshold = 10ms}};
}

void in_a_service(asio::io_context& ctx)
{
    // In a service: logs what blocks its loops, each code path in full once, then in lines, at most so many a minute.
    loopwatch::monitor monitor{{.threshold = 100ms}};
    auto watched = monitor.watch(ctx, "api");
}

void a_guard_in_a_service(asio::io_context& ctx)
{
    loopwatch::no_loop_blocking guard{ctx,
                                      {.threshold = 100ms, .action = loopwatch::on_block::log, .loop_name = "main"}};
}

void with_a_sink(asio::io_context& ctx)
{
    loopwatch::no_loop_blocking guard{
        ctx, {.action = loopwatch::on_block::log}, [](loopwatch::block_report const& report) {
            if (report.ended) metrics.add(report.duration);
        }};
}

// A monitor.
void monitored(asio::io_context& api_context)
{
    loopwatch::monitor monitor{{.threshold = 100ms}};  // logs to standard error
    auto watched = monitor.watch(api_context, "api");  // pools, strands, executors too

    monitor.escalate(30s, loopwatch::abort_process);

    for (loopwatch::ranked_path const& path : monitor.top(10))
        std::cout << path.culprit << ": " << path.count << " blocks, " << path.share * 100
                  << " % of all blocked time\n";
}

void recorded()
{
    loopwatch::monitor monitor{{.threshold = 100ms}};
    monitor.record_to(loopwatch::black_box{"/run/api/loopwatch.box"});  // <loopwatch/black_box.hpp>
}

void what_the_last_one_left()
{
    auto const last = loopwatch::read_black_box("/run/api/loopwatch.box.1");
    for (loopwatch::block_report const& r : last.under_way) std::cerr << r;
}

void numbers(loopwatch::monitor const& monitor)
{
    std::string const page = monitor.prometheus();  // "text/plain; version=0.0.4", at GET /metrics
}

void respond(int, std::string_view) {}

void health(loopwatch::monitor const& monitor)
{
    loopwatch::health_report const health = monitor.health();
    respond(health ? 200 : 503, to_string(health));  // "not ok\napi: blocked for 2.31 s, ..."
}

void load_shedding(loopwatch::watched_loop const& api_loop)
{
    if (api_loop.is_overloaded(50ms)) return respond(503, "busy");  // a loopwatch::watched_loop
}

void until_the_service_stops(asio::io_context& ctx, loopwatch::monitor const& monitor)
{
    loopwatch::systemd_watchdog alive{monitor};
    ctx.run();
}

void monitor_of_one_loop(asio::io_context& ctx)
{
    loopwatch::monitor monitor{ctx, {.threshold = 100ms, .loop_name = "main"}};
}

// Sinks.
void told()
{
    loopwatch::monitor monitor{
        {.threshold = 100ms},
        {loopwatch::to_stderr(), loopwatch::to_json_lines("/var/log/shop/blocks.jsonl"), loopwatch::to_journald()}};
}

void reopened(asio::io_context& ctx, loopwatch::monitor& monitor)
{
    asio::signal_set hangup{ctx, SIGHUP};
    hangup.async_wait([&](std::error_code error, int) {
        if (!error) monitor.reopen_sinks();
    });
}

void page(std::string const&) {}

void own_function()
{
    loopwatch::monitor monitor{{.threshold = 100ms}, {[](loopwatch::block_notice const& notice) {
                                   if (notice.telling == loopwatch::telling::full) page(to_string(notice));
                               }}};
}

struct {
    void insert(std::string_view, std::string_view, std::chrono::nanoseconds) {}
} table;

class into_a_table : public loopwatch::notice_sink {
public:
    void write(loopwatch::block_notice const& notice) override
    {
        auto const& block = notice.report;
        if (block.ended) table.insert(block.loop, to_string(block.cause), block.duration);
    }
    bool wants_every_block() const noexcept override { return true; }
};

void own_class() { loopwatch::monitor monitor{{.threshold = 100ms}, {std::make_shared<into_a_table>()}}; }

// In tests.
void one_coroutine()
{
    int size = loopwatch::run(download("logo.png"), {.threshold = 10ms});
    static_cast<void>(size);
}

void one_call(asio::io_context& ctx)
{
    auto blocks = loopwatch::blocks_during(ctx, [&] { ctx.run(); }, {.threshold = 10ms});
    static_cast<void>(blocks);
}

void matchers(std::vector<loopwatch::block_report> const& blocks, loopwatch::no_loop_blocking const& guard)
{
    using namespace loopwatch;
    CHECK_THAT(blocks, BlockedIn("is_refused") && BlockedFor(20ms) && BlockedBy(cause::blocking_call));
    REQUIRE_THAT(guard, NeverBlocked());
}

void pictures(loopwatch::no_loop_blocking const& guard)
{
    loopwatch::recording const seen{.blocks = guard.blocks()};
    std::ofstream{"blocks.html"} << loopwatch::html_page(seen);
    std::ofstream{"blocks.speedscope.json"} << loopwatch::speedscope(seen);
    std::ofstream{"blocks.folded"} << loopwatch::folded_stacks(seen);
    std::ofstream{"blocks.trace.json"} << loopwatch::chrome_trace(seen);
}

void whether_the_watch_works()
{
    if (auto const test = loopwatch::self_test(); !test) std::cerr << to_string(test);
}

void code_that_may_block()
{
    loopwatch::allow_blocking scope{"reload certificates", 200ms};  // the budget may be left out
}
