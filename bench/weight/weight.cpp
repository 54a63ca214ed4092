// SPDX-License-Identifier: BSL-1.0
//
// What it costs to compile a file that uses loopwatch, as ratios to the same file without it: CPU time, peak memory,
// size of the object. The files are in this folder. Each round compiles all of them in turn, so that a machine whose
// speed drifts does so for both sides of a ratio; the medians of the rounds are shown.
//
//     weight <compiler> <folder of the sources> <rounds> <flag>...
#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

struct cost {
    double seconds{0};  // user and system
    double megabytes{0};
    double object{0};  // megabytes
};

cost compile(std::vector<std::string> command, std::filesystem::path const& object)
{
    command.insert(command.end(), {"-c", "-o", object.string()});
    std::vector<char*> arguments;
    for (std::string& each : command) arguments.push_back(each.data());
    arguments.push_back(nullptr);
    auto const child = ::fork();
    if (child == 0) {
        ::execvp(arguments[0], arguments.data());
        std::perror(arguments[0]);
        ::_exit(127);
    }
    int status = 0;
    rusage used{};
    if (child < 0 || ::wait4(child, &status, 0, &used) != child) throw std::runtime_error{std::strerror(errno)};
    if (status != 0) throw std::runtime_error{"could not compile " + object.stem().string()};
    auto const seconds = [](timeval t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
    return {seconds(used.ru_utime) + seconds(used.ru_stime), static_cast<double>(used.ru_maxrss) / 1024,
            static_cast<double>(std::filesystem::file_size(object)) / 1e6};
}

template <typename Get>
double median(std::span<cost const> of, Get get)
{
    std::vector<double> all;
    for (cost const& each : of) all.push_back(get(each));
    std::ranges::sort(all);
    return all[all.size() / 2];
}

struct row {
    enum class kind {
        compiled,      // the implementation elsewhere, by the CMake target
        headers_only,  // all of it here
        exact          // compiled, and in exact mode
    };

    char const* what;
    char const* file;
    kind how;
    std::size_t against;       // the row without loopwatch
    char const* name_in_page;  // how docs/cost.md calls it
    std::vector<cost> costs{};
};

}  // namespace

int main(int argc, char** argv)
{
    if (argc < 4) {
        std::fprintf(stderr, "usage: weight <compiler> <folder> <rounds> <flag>...\n");
        return 2;
    }
    std::span<char*> const arguments{argv, static_cast<std::size_t>(argc)};
    std::filesystem::path const folder = arguments[2];
    int const rounds = std::max(1, std::atoi(arguments[3]));
    std::vector<std::string> const flags{arguments.begin() + 4, arguments.end()};

    using enum row::kind;
    std::vector<row> rows{
        {"Asio", "asio", compiled, 0, ""},
        {"  in exact mode", "asio", exact, 0, "`<asio.hpp>` in exact mode"},
        {"  loopwatch.hpp only included", "included", compiled, 0, "`loopwatch.hpp` included"},
        {"  a guard", "guard", compiled, 0, "a guard"},
        {"  a guard, headers only", "guard", headers_only, 0, "a guard, with headers alone"},
        {"Asio, a coroutine", "coroutine", compiled, 5, ""},
        {"  by loopwatch::run", "run", compiled, 5, "`loopwatch::run` for a coroutine"},
        {"Asio, an echo server", "echo", compiled, 7, ""},
        {"  in exact mode", "echo", exact, 7, "an echo server in exact mode"},
        {"Asio, Catch2", "catch2_asio", compiled, 9, ""},
        {"  catch2.hpp, a matcher", "catch2_matcher", compiled, 9, "`catch2.hpp`, a matcher"},
        {"Asio, GoogleTest", "gtest_asio", compiled, 11, ""},
        {"  gtest.hpp, a statement", "gtest_statement", compiled, 11, "`gtest.hpp`, a statement"},
        {"Asio, Boost.Test", "boost_test_asio", compiled, 13, ""},
        {"  boost_test.hpp, a decorator", "boost_test_decorator", compiled, 13, "`boost_test.hpp`, a decorator"},
        {"Asio, doctest", "doctest_asio", compiled, 15, ""},
        {"  doctest.hpp, a decorator", "doctest_decorator", compiled, 15, "`doctest.hpp`, a decorator"},
    };
    auto const object =
        std::filesystem::temp_directory_path() / ("loopwatch_weight_" + std::to_string(::getpid()) + ".o");
    try {
        for (int i = 0; i < rounds; ++i) {
            if (::isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "round %d of %d\033[K\r", i + 1, rounds);
            for (row& r : rows) {
                std::vector<std::string> command{arguments[1]};
                command.insert(command.end(), flags.begin(), flags.end());
                if (r.how != headers_only) command.emplace_back("-DLOOPWATCH_SEPARATE_COMPILATION");
                if (r.how == exact)
                    command.insert(command.end(), {"-DASIO_CUSTOM_HANDLER_TRACKING=<loopwatch/exact_tracking.hpp>",
                                                   "-DASIO_ENABLE_HANDLER_TRACKING=1"});
                command.push_back((folder / (std::string{r.file} + ".cpp")).string());
                r.costs.push_back(compile(std::move(command), object));
            }
        }
    } catch (std::exception const& error) {
        std::fprintf(stderr, "weight: %s\n", error.what());
        std::filesystem::remove(object);
        return 1;
    }
    std::filesystem::remove(object);

    std::string for_the_page;
    std::printf("%-32s %8s %7s %10s %7s %10s %8s\n", "", "CPU time", "", "memory", "", "object", "");
    for (row const& r : rows) {
        row const& base = rows[r.against];
        double const seconds = median(r.costs, [](cost const& c) { return c.seconds; });
        double const memory = median(r.costs, [](cost const& c) { return c.megabytes; });
        double const size = r.costs.back().object;
        std::printf("%-32s %6.2f s ", r.what, seconds);
        if (&base == &r) {
            std::printf("%7s %7.0f MB %7s %7.2f MB\n", "", memory, "", size);
            continue;
        }
        std::vector<cost> ratios;
        for (std::size_t i = 0; i < r.costs.size(); ++i)
            ratios.push_back(
                {r.costs[i].seconds / base.costs[i].seconds, r.costs[i].megabytes / base.costs[i].megabytes, 0});
        double const time = median(ratios, [](cost const& c) { return c.seconds; });
        double const space = median(ratios, [](cost const& c) { return c.megabytes; });
        double const more = size - base.costs.back().object;
        std::printf("%6.2fx %7.0f MB %6.2fx %7.2f MB %+7.2f\n", time, memory, space, size, more);
        std::array<char, 160> line{};
        std::snprintf(line.data(), line.size(), "| %s | %.2f x | %.2f x | %c %.2f MB |\n", r.name_in_page, time, space,
                      more < 0 ? '-' : '+', std::abs(more));
        for_the_page += line.data();
    }
    std::printf("\nFor docs/cost.md:\n%s\n", for_the_page.c_str());
    return 0;
}
