// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../bench/statistics.hpp"
#include "load_round.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace load {

/// The rounds of one endpoint, of a service that is watched or not.
struct series {
    std::string_view target;
    bool watched{};
    std::vector<round> rounds;

    [[nodiscard]] std::string name() const { return std::string{target} + (watched ? "" : " unwatched"); }
    [[nodiscard]] std::vector<double> all(std::vector<double> round::* samples) const
    {
        std::vector<double> together;
        for (round const& r : rounds) together.insert(together.end(), (r.*samples).begin(), (r.*samples).end());
        return together;
    }
    [[nodiscard]] std::map<std::string, int> errors() const
    {
        std::map<std::string, int> together;
        for (round const& r : rounds)
            for (auto const& [kind, count] : r.errors) together[kind] += count;
        return together;
    }
    [[nodiscard]] double seconds() const
    {
        double sum = 0;
        for (round const& r : rounds) sum += r.seconds;
        return sum;
    }
    [[nodiscard]] cpu_times cpu() const
    {
        cpu_times sum;
        for (round const& r : rounds) sum = sum + r.cpu;
        return sum;
    }
    [[nodiscard]] double answered() const { return static_cast<double>(all(&round::waits).size()); }
    [[nodiscard]] double per_second() const { return answered() / seconds(); }
    [[nodiscard]] double wait(double q) const { return quantile(all(&round::waits), q); }
    [[nodiscard]] double longest_health_wait() const { return quantile(all(&round::health), 1); }
};

/// The quantile of few values: between two of them in proportion. 0 where there are none.
inline double between(std::vector<double> values, double q)
{
    if (values.empty()) return 0;
    std::ranges::sort(values);
    double const at = q * static_cast<double>(values.size() - 1);
    auto const below = static_cast<std::size_t>(at);
    double const above = values[std::min(below + 1, values.size() - 1)];
    return std::lerp(values[below], above, at - static_cast<double>(below));
}

inline double throughput(round const& r) { return static_cast<double>(r.waits.size()) / r.seconds; }
inline double p99(round const& r) { return quantile(r.waits, 0.99); }
inline double service_cpu(round const& r) { return r.cpu.service / static_cast<double>(r.waits.size()); }

/// The ratios of rounds that followed each other.
struct ratios {
    std::vector<double> each;

    template <typename Figure>
    void add(series const& over, series const& under, Figure figure)
    {
        for (std::size_t i = 0; i < std::min(over.rounds.size(), under.rounds.size()); ++i)
            each.push_back(figure(over.rounds[i]) / figure(under.rounds[i]));
    }
    [[nodiscard]] double at(double q) const { return between(each, q); }
};

/// All that was measured.
struct results {
    std::size_t requests{};  ///< at the same time
    std::array<series, 4> all{{
        {"/ingest/blocking", true, {}},
        {"/ingest/blocking", false, {}},
        {"/ingest/async", true, {}},
        {"/ingest/async", false, {}},
    }};
    nlohmann::json ranking;  ///< as the watched service wrote it

    [[nodiscard]] series const& blocking() const { return all[0]; }
    [[nodiscard]] series const& asynchronous() const { return all[2]; }

    /// What the asynchronous endpoint is to the blocking one.
    template <typename Figure>
    [[nodiscard]] ratios gain(Figure figure) const
    {
        ratios gained;
        gained.add(all[2], all[0], figure);
        gained.add(all[3], all[1], figure);
        return gained;
    }
    /// What each endpoint is with the watch to without.
    template <typename Figure>
    [[nodiscard]] ratios with_watch(Figure figure) const
    {
        ratios changed;
        changed.add(all[0], all[1], figure);
        changed.add(all[2], all[3], figure);
        return changed;
    }
    [[nodiscard]] bool failed() const
    {
        return std::ranges::any_of(all, [](series const& s) { return !s.errors().empty(); });
    }
};

}  // namespace load
