// SPDX-License-Identifier: BSL-1.0

// One source, built by two compilers, optimized and not: its functions have the same names in reports, so that one
// baseline is for all, and a suppression.
#include "ways.hpp"
#include "support/catch.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <loopwatch/impl/capture/snapshot.hpp>
#include <loopwatch/impl/policy/baseline_text.hpp>
#include <loopwatch/impl/policy/signature.hpp>
#include <loopwatch/impl/symbolize/symbolize.hpp>
#include <loopwatch/loopwatch.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <unistd.h>

using namespace std::chrono_literals;

namespace {

// In the order of what the build makes: gcc -O0 first.
std::vector<std::string> const ways{LOOPWATCH_TEST_WAYS};

using run_function = int(calls const*);

run_function* load(std::string const& library)
{
    void* const handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) FAIL(::dlerror());
    return reinterpret_cast<run_function*>(::dlsym(handle, "run"));
}

std::map<int, std::string> names_seen;

[[gnu::noinline]] void note_name(int number)
{
    static loopwatch::detail::symbolizer names;
    loopwatch::detail::snapshot s{};
    s.size = 1;
    s.addresses[0] = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
    names_seen[number] = names(s)[0].function;
}

std::map<int, std::string> const expected{
    {1, "app::parses(int, char const*)"},
    {2, "app::loads(std::string_view, long)"},
    {3, "app::(anonymous namespace)::request::request(int)"},
    {4, "app::(anonymous namespace)::request::~request()"},
    {5, "app::(anonymous namespace)::request::handle(unsigned long) const"},
    {6, "app::(anonymous namespace)::request::operator long() const"},
    {7, "app::(anonymous namespace)::request::operator<(app::(anonymous namespace)::request const&) const"},
    {8, "app::(anonymous namespace)::request::operator()(int)"},
    {9, "app::(anonymous namespace)::request::puts<long>(long, long)"},
    {10, "app::(anonymous namespace)::request::moves() &&"},
    {11, "app::(anonymous namespace)::converts<long>(long)"},
    {12, "app::(anonymous namespace)::counts<3, (app::kind)1, true, 4ul, int, long, char>(int, long, char)"},
    {13, "app::(anonymous namespace)::box<std::string>::opens(std::string const&)"},
    {14,
     "app::(anonymous namespace)::takes(int (*)(int, long), int (&) [3], std::map<std::string, std::vector<int>> "
     "const&, decltype(nullptr), app::config, void*, unsigned char, app::(anonymous namespace)::request*, "
     "std::function<void (int)> const&, std::unique_ptr<app::config>, char const* const*, int&&)"},
    {15,
     "app::(anonymous namespace)::applies<app::service::serves(int, std::string_view)::{lambda}>"
     "(app::service::serves(int, std::string_view)::{lambda})"},
    {16, "app::deduces<int>(int)"},
    {17, "app::service::member::{lambda}"},
    {18, "app::service::serves(int, std::string_view)::{lambda}"},
    {19, "app::service::serves(int, std::string_view)::{lambda}"},
    {20, "app::service::serves(int, std::string_view)::{lambda}::{lambda}"},
    {21, "app::service::serves(int, std::string_view)::local::member(long) const"},
    {22, "app::service::serves(int, std::string_view)::local::alone()"},
    {23, "app::service::serves(int, std::string_view)::{lambda}"},
    {24, "app::service::serves(int, std::string_view)"},
    {25, "app::{lambda}"},
    {30, "(anonymous namespace)::hidden(int)"},
    {31, "(anonymous namespace)::hidden(int)::{lambda}"},
    {32, "(anonymous namespace)::templated<long>(long)"},
    {33, "(anonymous namespace)::session::runs(std::string_view)"},
    {34, "(anonymous namespace)::{lambda}"},
    {35, "visible(std::string, int)"},
    {36, "c_function"},
    {37, "calls_all()::{lambda}"},
};

/// A block in the function of that number. Where the machine is late it is seen too short, or as somebody else's: then
/// once more.
loopwatch::block_report block_in(run_function* run, int number, std::string const& baseline)
{
    for (int attempts = 0; attempts < 100; ++attempts) {
        net::io_context ctx;
        loopwatch::no_loop_blocking guard{
            ctx,
            {.threshold = 20ms, .action = loopwatch::on_block::log, .baseline = baseline, .baseline_factor = 1e6},
            [](loopwatch::block_report const&) {}};
        net::post(ctx, [&] {
            calls const c{.at = nullptr, .sleep = &::usleep, .sleeps_in = number, .microseconds = 60'000};
            run(&c);
        });
        ctx.run();
        for (auto const& b : longest_seen_by(guard))
            if (auto const* const culprit = b.culprit();
                culprit != nullptr && culprit->file.ends_with("/ways.cpp") && !b.excuse.starts_with("only "))
                return b;
    }
    FAIL("no block was seen in " << number);
    return {};
}

}  // namespace

TEST_CASE("functions have one name, by whichever compiler and at whichever optimization")
{
    for (std::string const& way : ways) {
        INFO(way);
        names_seen.clear();
        calls const c{.at = &note_name, .sleep = &::usleep, .sleeps_in = 0, .microseconds = 0};
        load(way)(&c);
        CHECK(names_seen.size() == expected.size());
        for (auto const& [number, name] : expected) {
            INFO(number);
            CHECK(names_seen[number] == name);
        }
    }
}

TEST_CASE("one baseline is for all builds of a program")
{
    auto const folder = std::filesystem::temp_directory_path() / ("loopwatch_ways_" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    auto const known = (folder / "known.txt").string();
    // A lambda, a member of a local class, a template, and a coroutine with a lambda in it.
    auto const numbers = {18, 21, 11, 30, 31};
    {
        // With any cause, for on a busy machine it may be another.
        loopwatch::detail::known_blocks all;
        for (int const number : numbers) {
            auto which = loopwatch::detail::signature_of(block_in(load(ways.front()), number, {}));
            for (loopwatch::cause const c : loopwatch::all_causes) {
                which.cause = c;
                all.note(which, 1h);
            }
        }
        CHECK(static_cast<std::size_t>(all.end() - all.begin()) == numbers.size() * std::size(loopwatch::all_causes));
        std::ofstream{known} << loopwatch::detail::baseline_text(all);
    }
    for (std::string const& way : ways)
        for (int const number : numbers) {
            auto const b = block_in(load(way), number, known);
            INFO(way << "\n" << to_string(b, true));
            CHECK(b.excuse.starts_with("in baseline "));
        }
    std::filesystem::remove_all(folder);
}
