// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "load_results.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>

namespace load {

inline std::string duration_text(double ms)
{
    if (ms < 1000) return fmt::format("{:.{}f} ms", ms, ms < 10 ? 1 : 0);
    return fmt::format("{:.2f} s", ms / 1000);
}

/// "+31 %", "-24 %"
inline std::string change_text(double ratio) { return fmt::format("{:+.0f} %", (ratio - 1) * 100); }

inline std::string change_text(ratios const& r)
{
    return fmt::format("{} ({} to {})", change_text(r.at(0.5)), change_text(r.at(0)), change_text(r.at(1)));
}

inline void print_endpoints(results const& r)
{
    fmt::print("\n{:26} {:>9} {:>9} {:>9} {:>11} {:>7} {:>16}\n", "endpoint", "p50", "p95", "p99", "requests/s",
               "errors", "/health waited");
    for (series const& s : r.all) {
        int errors = 0;
        for (auto const& [kind, count] : s.errors()) errors += count;
        fmt::print("{:26} {:>9} {:>9} {:>9} {:>11.1f} {:>7} {:>16}\n", s.name(), duration_text(s.wait(0.5)),
                   duration_text(s.wait(0.95)), duration_text(s.wait(0.99)), s.per_second(), errors,
                   duration_text(s.longest_health_wait()));
    }
    for (series const& s : r.all)
        for (auto const& [kind, count] : s.errors()) fmt::print("{}: {} times: {}\n", s.name(), count, kind);
}

inline void print_ratios(results const& r)
{
    fmt::print("\nasync against blocking: throughput {}, p99 {}\n", change_text(r.gain(throughput)),
               change_text(r.gain(p99)));
    fmt::print("pyleak's demo:          throughput +31 % and +36 %, p99 -24 % and -27 %, for N = 100 and 1000\n");
    auto const print_watch = [](std::string_view what, ratios const& changed) {
        fmt::print("{:36} {:.3f} (quartiles {:.3f} to {:.3f}, {} pairs of rounds)\n", what, changed.at(0.5),
                   changed.at(0.25), changed.at(0.75), changed.each.size());
    };
    print_watch("requests/s with the watch to without", r.with_watch(throughput));
    print_watch("the service's CPU time per request", r.with_watch(service_cpu));
}

/// What bounds the throughput: who computes how much for one request, and how many cores are busy meanwhile.
inline void print_cpu(results const& r)
{
    auto const cores = std::thread::hardware_concurrency();
    fmt::print("\n{:26} {:>9} {:>9} {:>9} {:>9} {:>12}\n", "CPU time per request", "service", "S3", "load", "others",
               "cores busy");
    for (series const& s : r.all) {
        auto const cpu = s.cpu();
        auto const each = [&](double seconds) { return duration_text(seconds * 1000 / std::max(s.answered(), 1.0)); };
        fmt::print("{:26} {:>9} {:>9} {:>9} {:>9} {:>12}\n", s.name(), each(cpu.service),
                   cpu.s3 > 0 ? each(cpu.s3) : "?", each(cpu.load), each(std::max(0.0, cpu.others())),
                   fmt::format("{:.2f} of {}", cpu.machine / s.seconds(), cores));
    }
    // What others computed is not the request's, unless S3 is among them.
    series const& s = r.asynchronous();
    auto const cpu = s.cpu();
    double const most = cores * s.answered() / (cpu.s3 > 0 ? cpu.service + cpu.s3 + cpu.load : cpu.machine);
    fmt::print("async: {} cores can compute {:.1f} requests/s, of which it reaches {:.0f} %\n", cores, most,
               100 * s.per_second() / most);
}

/// "(anonymous namespace)::ingest(service&, std::string)": "ingest"
inline std::string short_name(std::string name)
{
    constexpr std::string_view anonymous = "(anonymous namespace)::";
    for (auto at = name.find(anonymous); at != std::string::npos; at = name.find(anonymous))
        name.erase(at, anonymous.size());
    if (auto const parameters = name.find('('); !name.starts_with("operator")) name = name.substr(0, parameters);
    return name;
}

inline void print_ranking(nlohmann::json const& ranking)
{
    fmt::print("\nWhat blocked the loop, of {} blocks in {}, and {} waits that nobody is blamed for:\n",
               ranking.at("blocks").get<int>(), duration_text(ranking.at("blocked_ms")),
               ranking.at("excused").get<int>());
    double const all = ranking.at("blocked_ms");
    std::size_t left = 8;
    for (auto const& path : ranking.at("paths")) {
        if (left-- == 0) break;
        double const total = path.at("total_ms");
        std::string const culprit = path.at("culprit");
        fmt::print("{:>9} {:3.0f} %  {}\n", duration_text(total), 100 * total / all,
                   culprit.empty() ? "no function of the program's own"
                                   : fmt::format("{} at {}:{}", short_name(culprit), path.at("file").get<std::string>(),
                                                 path.at("line").get<int>()));
        std::string cause = path.at("cause");
        std::ranges::replace(cause, '_', ' ');
        fmt::print("{:17}{}: {}\n", "", cause, path.at("evidence").get<std::string>());
        std::string awaited_by;
        for (auto const& function : path.at("awaited_by"))
            awaited_by += (awaited_by.empty() ? "awaited by " : ", ") + short_name(function);
        if (!awaited_by.empty()) fmt::print("{:17}{}\n", "", awaited_by);
    }
}

inline void print(results const& r)
{
    print_endpoints(r);
    print_ratios(r);
    print_cpu(r);
    print_ranking(r.ranking);
}

/// Times in milliseconds, CPU times in seconds.
inline nlohmann::ordered_json to_json(results const& r)
{
    nlohmann::ordered_json json{{"requests", r.requests}, {"endpoints", nlohmann::json::array()}};
    for (series const& s : r.all) {
        auto const cpu = s.cpu();
        json["endpoints"].push_back({{"endpoint", s.target},
                                     {"watched", s.watched},
                                     {"rounds", s.rounds.size()},
                                     {"p50", s.wait(0.5)},
                                     {"p95", s.wait(0.95)},
                                     {"p99", s.wait(0.99)},
                                     {"per_second", s.per_second()},
                                     {"errors", s.errors()},
                                     {"health_longest", s.longest_health_wait()},
                                     {"health_p50", quantile(s.all(&round::health), 0.5)},
                                     {"cpu_service", cpu.service},
                                     {"cpu_s3", cpu.s3},
                                     {"cpu_load", cpu.load},
                                     {"cpu_machine", cpu.machine},
                                     {"seconds", s.seconds()}});
    }
    json["async_to_blocking"] = {{"throughput", r.gain(throughput).each}, {"p99", r.gain(p99).each}};
    json["watched_to_unwatched"] = {{"throughput", r.with_watch(throughput).each},
                                    {"cpu_service", r.with_watch(service_cpu).each}};
    json["ranking"] = r.ranking;
    return json;
}

}  // namespace load
