// SPDX-License-Identifier: BSL-1.0

// Exact mode: what it costs a handler that Asio's are written down, and how exact what is reported is then, beside
// heartbeats. Each program was built twice from one source, with loopwatch::exact and without. They are run in turns,
// so that what else the machine does hits both. Shown are the best of the rounds for what takes ns, for requests
// medians, and of the rounds' ratios.
//
//     exact <folder of the programs> <rounds> <stalls of each kind and length> <ms of each measurement>
//
// Exits with 0 if every goal was reached.
#include "../goals.hpp"
#include "../program_output.hpp"
#include "../statistics.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

// --- what it costs ---

/// By what was measured: one value of each round.
using measured = std::map<std::string, std::vector<double>>;

void run_handlers(measured& to, std::string const& command)
{
    std::istringstream lines{output_of(command)};
    std::string what;
    for (double value = 0; lines >> what >> value;) to[what].push_back(value);
}

std::vector<double> each(std::vector<double> const& of, std::vector<double> const& to, double (*how)(double, double))
{
    std::vector<double> all;
    for (std::size_t i = 0; i < std::min(of.size(), to.size()); ++i) all.push_back(how(of[i], to[i]));
    return all;
}

double ratio(std::vector<double> const& of, std::vector<double> const& to)
{
    return median(each(of, to, [](double a, double b) { return a / b; }));
}

double added(std::vector<double> const& of, std::vector<double> const& to)
{
    return median(each(of, to, [](double a, double b) { return a - b; }));
}

/// Of what takes so many ns: the machine's other work makes none faster.
double best(std::vector<double> const& of) { return of.empty() ? 0 : *std::min_element(of.begin(), of.end()); }

void print_costs(measured& plain, measured& tracked, measured& guarded, measured& monitored)
{
    std::printf("%-32s %9s %9s %7s %7s %12s %12s\n", "", "without", "tracked", "added", "ratio", "and a guard",
                "a monitor");
    for (auto const& [key, name] : {std::pair{"post", "post, ns"},
                                    {"co_await", "co_await post, ns"},
                                    {"strand", "post to a strand, ns"},
                                    {"pool_2", "post to a pool of 2, ns"},
                                    {"pool_4", "post to a pool of 4, ns"}}) {
        double const bare = best(plain[key]);
        double const more = best(tracked[key]);
        std::printf("%-32s %9.1f %9.1f %7.1f %7.3f %12.3f %12.3f\n", name, bare, more, more - bare, more / bare,
                    best(guarded[key]) / bare, best(monitored[key]) / bare);
    }
    for (auto const& [key, name] :
         {std::pair{"echo", "TCP echo, requests/s"}, {"echo_cpu", "TCP echo, us of CPU time each"}})
        std::printf("%-32s %9.1f %9.1f %7.1f %7.3f %12.3f %12.3f\n", name, median(plain[key]), median(tracked[key]),
                    added(tracked[key], plain[key]), ratio(tracked[key], plain[key]), ratio(guarded[key], plain[key]),
                    ratio(monitored[key], plain[key]));
    std::printf("\n");
}

// --- how exact it is ---

struct score {
    int stalls{0};
    int due{0};           // that took a threshold or more
    int found{0};         // of these
    int false_alarms{0};  // reports of others, or of none
    int doubles{0};
    std::vector<double> duration_off;  // ms, without the sign, of those that were found
    std::vector<double> duration_max_off;
    double most_under{0};  // ms by which the truth was beyond duration and duration_max
};

/// What the handler measured of itself is less than what its thread did, by this at most on an idle processor, ms.
constexpr double margin = 0.02;
constexpr double threshold = 10;

using scores = std::map<std::string, score>;

void run_stalls(scores& to, std::string const& command)
{
    std::istringstream lines{output_of(command)};
    for (std::string what, kind; lines >> what >> kind;) {
        if (what == "none") {
            double duration = 0;
            lines >> duration;
            ++to[kind].false_alarms;
            continue;
        }
        double length = 0;
        double truth = 0;
        int reports = 0;
        double duration = 0;
        double duration_max = 0;
        lines >> length >> truth >> reports >> duration >> duration_max;
        score& one = to[kind];
        ++one.stalls;
        if (reports > 1) ++one.doubles;
        if (truth >= threshold) {
            ++one.due;
            if (reports > 0) ++one.found;
        }
        if (reports == 0) continue;
        if (truth + margin < threshold) ++one.false_alarms;
        one.duration_off.push_back(std::abs(duration - truth));
        one.duration_max_off.push_back(std::abs(duration_max - truth));
        one.most_under = std::max({one.most_under, duration - truth, truth - duration_max});
    }
}

score sum(scores const& of)
{
    score all;
    for (auto const& [kind, one] : of) {
        all.stalls += one.stalls;
        all.due += one.due;
        all.found += one.found;
        all.false_alarms += one.false_alarms;
        all.doubles += one.doubles;
        all.duration_off.insert(all.duration_off.end(), one.duration_off.begin(), one.duration_off.end());
        all.duration_max_off.insert(all.duration_max_off.end(), one.duration_max_off.begin(),
                                    one.duration_max_off.end());
    }
    return all;
}

void print_row(std::string const& name, score const& s)
{
    std::printf("%-30s %7d %6d %8.1f %% %6d %8d %8.3f %8.3f %8.3f %8.3f\n", name.c_str(), s.stalls, s.due,
                s.due == 0 ? 0 : 100.0 * s.found / s.due, s.false_alarms, s.doubles, median(s.duration_off),
                quantile(s.duration_off, 0.95), median(s.duration_max_off), quantile(s.duration_max_off, 0.95));
}

void print_scores(scores const& heartbeats, scores const& exact)
{
    std::printf("Stalls of 9.5, 9.8, 10.2, 11, 12, 20 and 50 ms, threshold 10 ms: due is what took that or more.\n");
    std::printf("Off by: of duration and of duration_max, in ms, the median and 95 %%.\n");
    std::printf("%-30s %7s %6s %10s %6s %8s %17s %17s\n", "", "stalls", "due", "found", "false", "doubles",
                "duration off", "duration_max off");
    for (auto const& [name, of] : {std::pair{"heartbeats", &heartbeats}, {"exact", &exact}}) {
        for (auto const& [kind, one] : *of) print_row(std::string{name} + ", " + kind, one);
        print_row(std::string{name} + ", all", sum(*of));
    }
    std::printf("\n");
}

}  // namespace

int main(int count, char** arguments)
try {
    if (count < 2) throw std::runtime_error{"which folder?"};
    std::string const folder = arguments[1];
    int const rounds = count > 2 ? std::atoi(arguments[2]) : 7;
    std::string const stalls = count > 3 ? arguments[3] : "10";
    std::string const time = count > 4 ? arguments[4] : "200";
    auto const program = [&](char const* name) { return "'" + folder + "/exact_" + name + "' "; };

    measured plain;
    measured tracked;
    measured guarded;
    measured monitored;
    for (int i = 0; i < rounds; ++i) {
        run_handlers(plain, program("handlers_plain") + "0 " + time);
        run_handlers(tracked, program("handlers_tracked") + "0 " + time);
        run_handlers(guarded, program("handlers_tracked") + "1 " + time);
        run_handlers(monitored, program("handlers_tracked") + "2 " + time);
    }
    print_costs(plain, tracked, guarded, monitored);

    scores heartbeats;
    scores exact;
    run_stalls(heartbeats, program("stalls_plain") + stalls);
    run_stalls(exact, program("stalls_tracked") + stalls);
    print_scores(heartbeats, exact);

    score const all = sum(exact);
    print_goal("a handler that is posted costs 6 ns more at most", best(tracked["post"]) - best(plain["post"]) <= 6);
    print_goal("a coroutine's resumption 7 ns", best(tracked["co_await"]) - best(plain["co_await"]) <= 7);
    print_goal("TCP echo: 0.99 of the requests or more", ratio(tracked["echo"], plain["echo"]) >= 0.99);
    print_goal("exact: each stall from the threshold on is found", all.found == all.due && all.due > 0);
    print_goal("exact: no false alarm, and none twice", all.false_alarms == 0 && all.doubles == 0);
    print_goal("exact: duration and duration_max are right to 0.1 ms for 95 %",
               quantile(all.duration_off, 0.95) <= 0.1 && quantile(all.duration_max_off, 0.95) <= 0.1);
    return all_reached ? 0 : 1;
} catch (std::exception const& failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 2;
}
