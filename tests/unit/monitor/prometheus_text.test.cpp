// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <chrono>
#include <string>

#include <loopwatch/impl/monitor/loop_numbers.hpp>
#include <loopwatch/impl/monitor/prometheus_text.hpp>

// Not by a directive: the files of unit tests are compiled several at a time.
namespace prometheus_text_test {

using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using loopwatch::cause;
using loopwatch::loop_numbers;
using loopwatch::monitor_numbers;
using loopwatch::detail::blocked_totals;
using loopwatch::detail::label_value;
using loopwatch::detail::loop_record;
using loopwatch::detail::numbers_of;
using loopwatch::detail::prometheus_text;
using loopwatch::detail::shared;

loop_numbers fresh(std::string const& name)
{
    return numbers_of({shared<loop_record>{new loop_record{name}}, {}, {}, {}}, nullptr);
}

loop_numbers busy(std::string const& name)
{
    shared<loop_record> const record{new loop_record{name}};
    auto& totals = *record->totals;
    totals.delays.record(100ms, 30ms);  // and 70, 40, 10
    totals.delays.record(12s, 20s);
    totals.on_cpu = 1'500'000'000;
    totals.cpu_time_is_known = true;
    blocked_totals blocked;
    blocked.by_cause[static_cast<std::size_t>(cause::disk)] = {3, 1250ms};
    return numbers_of({record, blocked, {}, {}}, nullptr);
}

std::size_t lines_with(std::string const& text, std::string const& what)
{
    std::size_t count = 0;
    for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
    return count;
}

TEST_CASE("a monitor without loops has its own counters, and tells of all metrics", "[prometheus_text]")
{
    auto const text = prometheus_text({});
    CHECK_THAT(text, Contains("\nloopwatch_reports_suppressed_total 0\n"));
    CHECK_THAT(text, Contains("\nloopwatch_blocks_dropped_total 0\n"));
    CHECK_THAT(text, Contains("\nloopwatch_sink_lost_total 0\n"));
    CHECK_THAT(text,
               Contains("# HELP asio_loop_delay_seconds ") && Contains("# TYPE asio_loop_delay_seconds histogram\n"));
    CHECK(text.back() == '\n');
}

TEST_CASE("buckets add up, and the last one is all", "[prometheus_text]")
{
    monitor_numbers all;
    all.loops.push_back(busy("api"));
    auto const text = prometheus_text(all);
    CHECK_THAT(text, Contains("\nasio_loop_delay_seconds_bucket{loop=\"api\",le=\"0.0005\"} 0\n"));
    CHECK_THAT(text, Contains("\nasio_loop_delay_seconds_bucket{loop=\"api\",le=\"0.0025\"} 0\n"));
    CHECK_THAT(text, Contains("\nasio_loop_delay_seconds_bucket{loop=\"api\",le=\"0.01\"} 1\n"));
    CHECK_THAT(text, Contains("\nasio_loop_delay_seconds_bucket{loop=\"api\",le=\"0.1\"} 4\n"));
    CHECK_THAT(text, Contains("\nasio_loop_delay_seconds_bucket{loop=\"api\",le=\"10\"} 4\n"));
    CHECK_THAT(text, Contains("\nasio_loop_delay_seconds_bucket{loop=\"api\",le=\"+Inf\"} 5\n"));
    CHECK_THAT(text, Contains("\nasio_loop_delay_seconds_sum{loop=\"api\"} 12.22\n"));
    CHECK_THAT(text, Contains("\nasio_loop_delay_seconds_count{loop=\"api\"} 5\n"));
    CHECK(lines_with(text, "asio_loop_delay_seconds_bucket{") == 15);
}

TEST_CASE("each handler's own delay is told where it is known", "[prometheus_text]")
{
    shared<loop_record> const record{new loop_record{"api"}};
    loopwatch::detail::delay_reading counted;
    counted.counts[0] = 1000;
    counted.counts[8] = 2;
    counted.sum = 0.75;
    record->totals->handler_delays.add(counted);
    loopwatch::detail::delay_reading before;
    before.counts[8] = 1;
    before.sum = 0.25;
    monitor_numbers all;
    all.loops.push_back(numbers_of({record, {}, {}, before}, nullptr));
    all.loops.push_back(busy("jobs"));
    CHECK(all.loops[1].handler_delays.empty());
    auto const text = prometheus_text(all);
    CHECK_THAT(text, Contains("# TYPE asio_handler_delay_seconds histogram\n"));
    CHECK_THAT(text, Contains("\nasio_handler_delay_seconds_bucket{loop=\"api\",le=\"0.1\"} 1000\n"));
    CHECK_THAT(text, Contains("\nasio_handler_delay_seconds_bucket{loop=\"api\",le=\"0.25\"} 1003\n"));
    CHECK_THAT(text, Contains("\nasio_handler_delay_seconds_sum{loop=\"api\"} 1\n"));
    CHECK_THAT(text, Contains("\nasio_handler_delay_seconds_count{loop=\"api\"} 1003\n"));
    CHECK(lines_with(text, "asio_handler_delay_seconds_bucket{") == 15);
}

TEST_CASE("every cause is there from the first scrape on", "[prometheus_text]")
{
    monitor_numbers all;
    all.loops.push_back(fresh("api"));
    all.loops.push_back(busy("db"));
    auto const text = prometheus_text(all);
    for (cause const why : loopwatch::all_causes) {
        std::string const labels = "{loop=\"api\",cause=\"" + std::string{to_string(why)} + "\"} 0\n";
        CHECK_THAT(text, Contains("\nasio_loop_blocks_total" + labels));
        CHECK_THAT(text, Contains("\nasio_loop_blocked_seconds_total" + labels));
    }
    CHECK_THAT(text, Contains("\nasio_loop_blocks_total{loop=\"db\",cause=\"disk\"} 3\n"));
    CHECK_THAT(text, Contains("\nasio_loop_blocked_seconds_total{loop=\"db\",cause=\"disk\"} 1.25\n"));
    // The samples of a metric stand together.
    CHECK(lines_with(text, "# TYPE ") == 9);
}

TEST_CASE("what is not known is left out", "[prometheus_text]")
{
    monitor_numbers all;
    all.loops.push_back(fresh("api"));
    CHECK(lines_with(prometheus_text(all), "asio_loop_cpu_seconds_total{") == 0);
    CHECK(lines_with(prometheus_text(all), "asio_loop_heartbeat_age_seconds{") == 0);
    all.loops[0] = busy("api");
    all.loops[0].watched = true;
    all.loops[0].heartbeat_age = 20ms;
    CHECK_THAT(prometheus_text(all), Contains("\nasio_loop_cpu_seconds_total{loop=\"api\"} 1.5\n"));
    CHECK_THAT(prometheus_text(all), Contains("\nasio_loop_heartbeat_age_seconds{loop=\"api\"} 0.02\n"));
}

TEST_CASE("labels are escaped", "[prometheus_text]")
{
    CHECK(label_value("api") == "api");
    CHECK(label_value("a \"b\" \\ c\nd\te") == "a \\\"b\\\" \\\\ c\\nd\te");
    CHECK(label_value("gr\xc3\xb6\xc3\x9f"
                      "e") ==
          "gr\xc3\xb6\xc3\x9f"
          "e");
    CHECK(label_value("cut \xc3") == "cut \xef\xbf\xbd");
    monitor_numbers all;
    all.loops.push_back(fresh("{}\""));
    CHECK_THAT(prometheus_text(all), Contains("_count{loop=\"{}\\\"\"} 0\n"));
}

}  // namespace prometheus_text_test
