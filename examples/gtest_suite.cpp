// SPDX-License-Identifier: BSL-1.0

// A test suite whose loops are watched: one line registers the listener. Two of the tests fail, because the code under
// test reads its configuration on the loop.
#include <asio.hpp>
#include <loopwatch/gtest.hpp>
#include <loopwatch/watched_io_context.hpp>

#include <chrono>
#include <string>
#include <thread>

using namespace std::chrono_literals;

LOOPWATCH_GTEST_LISTENER(.tests = "Server.*", .watch = {.threshold = 20ms})

// --- the code under test ---

std::string load_config()
{
    std::this_thread::sleep_for(200ms);  // stands for a slow disk
    return "port = 8080";
}

struct server {
    explicit server(asio::io_context& on) : loop{on} {}

    void start()
    {
        asio::post(loop, [this] { running = true; });
    }
    void reload()
    {
        asio::post(loop, [this] { config = load_config(); });
    }

    asio::io_context& loop;
    bool running{false};
    std::string config;
};

// --- its tests ---

struct Server : testing::Test {
    loopwatch::watched_io_context ctx;
    server it{ctx};
};

TEST_F(Server, Starts)
{
    it.start();
    ctx.run();
    EXPECT_TRUE(it.running);
}

TEST_F(Server, Reloads)
{
    it.reload();
    ctx.run();
    EXPECT_EQ(it.config, "port = 8080");  // it is; but meanwhile the loop stood still
}

TEST_F(Server, StartsAndReloads)
{
    it.start();
    EXPECT_NO_LOOP_BLOCKING(ctx.run());
    it.reload();
    ctx.restart();
    EXPECT_NO_LOOP_BLOCKING(ctx.run()) << "while it reloads";
}
