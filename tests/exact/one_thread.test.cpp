// SPDX-License-Identifier: BSL-1.0

#include "exact/written_down.hpp"
#include "support/catch.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace {

/// Tells how deep the thread was in handlers when it was destroyed.
class tells_depth {
public:
    explicit tells_depth(std::vector<std::uint32_t>& to) : to_{&to, [](auto* all) { all->push_back(depth()); }} {}

private:
    std::shared_ptr<std::vector<std::uint32_t>> to_;
};

struct named_handler {
    int* runs;
    void operator()() const
    {
        ++*runs;
        CHECK(depth() == 1);
        CHECK_THAT(std::string{type_name(innermost())}, contains("named_handler"));
    }
};

void nest(net::io_context& context, std::uint32_t levels, std::uint32_t level)
{
    CHECK(depth() == level);
    if (level == levels) return;
    net::post(context, [&context, levels, level] { nest(context, levels, level + 1); });
    CHECK(context.poll() == 1);
    CHECK(depth() == level);
}

}  // namespace

TEST_CASE("a handler is written down while it runs, and not longer")
{
    net::io_context context;
    int runs = 0;
    net::post(context, named_handler{&runs});
    CHECK(depth() == 0);
    net::post(context, [&] {
        ++runs;
        REQUIRE(depth() == 1);
        auto const& here = innermost();
        CHECK(here.began.load() != 0);
        CHECK(here.began.load() == here.whole.load());
        CHECK(here.began.load() <= exact::ticks());
        int const local = 0;
        auto const frame = here.frame.load();
        CHECK(frame > reinterpret_cast<std::uintptr_t>(&local));
        CHECK(frame < reinterpret_cast<std::uintptr_t>(&runs));
        CHECK(here.operation.load() == nullptr);
    });
    context.run();
    CHECK(runs == 2);
    CHECK(depth() == 0);
    CHECK(exact::stamp == 0);
}

TEST_CASE("each handler is counted by its type")
{
    struct counted {
        void operator()() const {}
    };
    net::io_context context;
    auto const before = begun("counted");
    for (int i = 0; i < 7; ++i) net::post(context, counted{});
    CHECK(begun("counted") == before);
    context.run();
    CHECK(begun("counted") == before + 7);
}

TEST_CASE("what a handler starts has its beginning for a start")
{
    net::io_context context;
    std::uint64_t began = 0;
    std::uint64_t const before = exact::ticks();
    net::post(context, [&] {
        began = innermost().began.load();
        CHECK(innermost().started.load() >= before);
        CHECK(innermost().started.load() <= began);
        net::post(context, [&] {
            CHECK(innermost().started.load() == began);
            CHECK(innermost().began.load() > began);
        });
    });
    context.run();
    CHECK(began != 0);
}

TEST_CASE("what waits for something is known by its operation and its object")
{
    net::io_context context;
    net::steady_timer timer{context, 1ms};
    net::ip::udp::socket socket{context, {net::ip::make_address_v4("127.0.0.1"), 0}};
    int runs = 0;
    auto const before = exact::ticks();
    timer.async_wait([&](auto) {
        ++runs;
        CHECK(innermost().operation.load() == std::string_view{"async_wait"});
        CHECK(innermost().object_type.load() == std::string_view{"deadline_timer"});
        CHECK(innermost().started.load() >= before);
        CHECK(innermost().started.load() < innermost().began.load());
        socket.send_to(net::buffer("x"), socket.local_endpoint());
    });
    std::array<char, 8> into{};
    socket.async_receive(net::buffer(into), [&](auto, std::size_t) {
        ++runs;
        CHECK(innermost().operation.load() == std::string_view{"async_receive"});
        CHECK(innermost().object_type.load() == std::string_view{"socket"});
        CHECK(static_cast<int>(innermost().native.load()) == socket.native_handle());
        CHECK(innermost().object.load() != nullptr);
        net::post(context, [&] {
            ++runs;
            CHECK(innermost().operation.load() == nullptr);
        });
    });
    context.run();
    CHECK(runs == 3);
    CHECK(depth() == 0);
}

TEST_CASE("the outermost location counts, while it lasts")
{
    net::io_context context;
    net::steady_timer timer{context, 0ms};
    std::vector<char const*> files;
    auto const note = [&](auto) { files.push_back(innermost().file.load()); };
    {
        exact::location const outer{"mine.cpp", 17, "f"};
        exact::location const inner{"asios.hpp", 4, "g"};
        timer.async_wait([&](auto failed) {
            CHECK(innermost().line.load() == 17);
            note(failed);
        });
    }
    timer.async_wait(note);
    context.run();
    REQUIRE(files.size() == 2);
    CHECK(files[0] == std::string_view{"mine.cpp"});
    CHECK((files[1] == nullptr || files[1] != std::string_view{"mine.cpp"}));
}

TEST_CASE("a coroutine that is run within the wait of another one waits where it says")
{
    net::io_context context;
    net::steady_timer timer{context, 0ms};
    std::vector<unsigned> lines;
    auto const note = [&](auto) { lines.push_back(innermost().file.load() == nullptr ? 0 : innermost().line.load()); };
    {
        exact::location const parent{"mine.cpp", 17, "awaitable<void> parent()"};
        {
            exact::location const spawned{"asios.hpp", 88, "co_spawn_entry_point"};
            {
                exact::location const child{"mine.cpp", 4, "awaitable<void> child()"};
                exact::location const read{"asios.hpp", 5, "async_read"};
                timer.async_wait(note);
            }
            timer.async_wait(note);
            {
                exact::location const unknown{nullptr, 0, nullptr};
                timer.async_wait(note);
            }
        }
        timer.async_wait(note);
    }
    context.run();
    CHECK(lines == std::vector{4U, 17U, 0U, 17U});
}

TEST_CASE("a handler that throws has ended")
{
    net::io_context context;
    net::post(context, [] { throw std::runtime_error{"on purpose"}; });
    net::post(net::make_strand(context), [] { throw std::runtime_error{"on purpose"}; });
    int runs = 0;
    net::post(context, named_handler{&runs});
    CHECK_THROWS_AS(context.run(), std::runtime_error);
    CHECK(depth() == 0);
    CHECK(exact::stamp == 0);
    CHECK_THROWS_AS(context.run(), std::runtime_error);
    CHECK(depth() == 0);
    context.run();
    CHECK(runs == 1);
    CHECK(depth() == 0);
}

TEST_CASE("an exception out of a nested run leaves the outer handler where it was")
{
    net::io_context outer;
    net::io_context inner;
    net::post(inner, [] { throw std::runtime_error{"on purpose"}; });
    net::post(outer, [&] {
        auto const began = innermost().began.load();
        CHECK_THROWS_AS(inner.run(), std::runtime_error);
        CHECK(depth() == 1);
        CHECK(innermost().began.load() == began);
    });
    outer.run();
    CHECK(depth() == 0);
}

TEST_CASE("handlers that are destroyed without being run are written down while they are, and not longer")
{
    std::vector<std::uint32_t> depths;
    std::optional<net::io_context> context{std::in_place};
    std::optional<net::steady_timer> timer{std::in_place, *context, 1h};
    std::optional<net::ip::udp::socket> socket{std::in_place, *context,
                                               net::ip::udp::endpoint{net::ip::make_address_v4("127.0.0.1"), 0}};
    std::array<char, 8> into{};
    net::post(*context, [tell = tells_depth{depths}] {});
    net::post(net::make_strand(*context), [tell = tells_depth{depths}] {});
    timer->async_wait([tell = tells_depth{depths}](auto) {});
    socket->async_receive(net::buffer(into), [tell = tells_depth{depths}](auto, std::size_t) {});
    socket.reset();
    timer.reset();
    CHECK(depths.empty());
    context.reset();
    REQUIRE(depths.size() == 4);
    for (auto const each : depths) CHECK(each >= 1);
    CHECK(depth() == 0);
    CHECK(exact::stamp == 0);
}

TEST_CASE("a handler's destructor belongs to it")
{
    std::vector<std::uint32_t> depths;
    net::io_context context;
    net::post(context, [tell = tells_depth{depths}] { CHECK(depth() == 1); });
    net::post(context, [] {});
    context.run();
    CHECK(depths == std::vector<std::uint32_t>{1});
}

TEST_CASE("nested handlers are told apart, and the outer one stays as it was")
{
    net::io_context context;
    net::io_context other;
    int runs = 0;
    net::post(context, [&] {
        auto const began = running(0).began.load();
        auto const type = running(0).type.load();
        net::post(context, [&] {
            ++runs;
            REQUIRE(depth() == 2);
            CHECK(running(0).began.load() == began);
            CHECK(running(1).began.load() > began);
            CHECK(running(1).type.load() != type);
            CHECK(running(1).frame.load() < running(0).frame.load());
        });
        context.poll();
        net::post(other, [&] {
            ++runs;
            CHECK(depth() == 2);
        });
        other.run();
        CHECK(depth() == 1);
        CHECK(running(0).began.load() == began);
        CHECK(running(0).type.load() == type);
    });
    context.run();
    CHECK(runs == 2);
    CHECK(depth() == 0);
}

TEST_CASE("those that are nested deeper than is written down are counted all the same")
{
    net::io_context context;
    constexpr std::uint32_t deep = exact::most_nested + 5;
    int runs = 0;
    net::post(context, [&] { nest(context, deep, 1); });
    CHECK(context.run() == 1);
    CHECK(depth() == 0);
    context.restart();
    net::post(context, named_handler{&runs});
    context.run();
    CHECK(runs == 1);
}

TEST_CASE("a strand's handlers are in the one by which the strand runs")
{
    net::io_context context;
    auto const strand = net::make_strand(context);
    std::vector<std::uint64_t> stamps;
    for (int i = 0; i < 3; ++i)
        net::post(strand, [&] {
            REQUIRE(depth() == 2);
            CHECK_THAT(std::string{type_name(running(0))}, contains("strand"));
            stamps.push_back(running(1).began.load());
            CHECK(stamps.back() >= running(0).began.load());
        });
    context.run();
    REQUIRE(stamps.size() == 3);
    CHECK(std::is_sorted(stamps.begin(), stamps.end()));
    CHECK(stamps[0] != stamps[2]);
    CHECK(depth() == 0);

    net::io_context::strand old{context};
    int runs = 0;
    for (int i = 0; i < 3; ++i)
        net::post(old, [&] {
            ++runs;
            CHECK(depth() >= 1);
        });
    context.restart();
    context.run();
    CHECK(runs == 3);
    CHECK(depth() == 0);
}

TEST_CASE("what is dispatched at once belongs to the handler that dispatches it")
{
    net::io_context context;
    int runs = 0;
    net::post(context, [&] {
        auto const began = innermost().began.load();
        net::dispatch(context, [&] {
            ++runs;
            CHECK(depth() == 1);
            CHECK(innermost().began.load() == began);
        });
        CHECK(runs == 1);
        net::defer(context, [&] { ++runs; });
    });
    context.run();
    CHECK(runs == 2);
    CHECK(depth() == 0);
}

TEST_CASE("a context that is run for as long as there is something, by one handler at a time")
{
    net::io_context context;
    int runs = 0;
    for (int i = 0; i < 5; ++i) net::post(context, named_handler{&runs});
    CHECK(context.run_one() == 1);
    CHECK(depth() == 0);
    CHECK(context.poll_one() == 1);
    CHECK(depth() == 0);
    CHECK(context.run_for(1h) == 3);
    CHECK(runs == 5);
    CHECK(depth() == 0);
}
