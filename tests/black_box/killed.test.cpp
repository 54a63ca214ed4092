// SPDX-License-Identifier: BSL-1.0

// Services that are killed while they are blocked, and what their black boxes tell.
#include "process.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <string>

#include <loopwatch/impl/base/utc_text.hpp>

using namespace black_box_tests;
using namespace loopwatch;

namespace {

std::string line_of(frame const& f) { return f.file + ":" + std::to_string(f.line); }

/// Which file systems there are: a disk, or what the tests are built on, and memory.
std::string where_from(int which) { return which == 0 ? BLACK_BOX_FOLDER : "/dev/shm"; }

}  // namespace

TEST_CASE("after SIGKILL a black box tells what blocked the loop")
{
    struct how_blocked {
        char const* how;
        char const* culprit;
        cause why;
    };
    auto const each = GENERATE(how_blocked{"sleep", "sleeps_in_a_handler", cause::blocking_call},
                               how_blocked{"compute", "computes_in_a_handler", cause::cpu},
                               how_blocked{"lock", "waits_for_a_lock", cause::lock});
    folder const in{where_from(GENERATE(0, 1))};
    CAPTURE(each.how, in.is_in_memory());
    std::string const file = in / "box";
    program service{{BLACK_BOX_SERVICE, file, each.how}};
    // On a busy machine it takes some samples to tell why.
    REQUIRE(comes_true([&] {
        auto const contents = read_if_there(file);
        return contents.under_way.size() == 1 && contents.under_way[0].cause == each.why &&
               blocks_in(file, each.culprit);
    }));
    auto const living = read_black_box(file);
    CHECK(living.running);
    CHECK_THAT(to_string(living), contains("It still runs"));
    pid_t const number = service.process();
    int const status = service.end_by(SIGKILL);
    REQUIRE(WIFSIGNALED(status));

    auto const left = read_black_box(file);
    CHECK(left.process_id == number);
    CHECK(left.program == BLACK_BOX_SERVICE);
    CHECK_FALSE(left.running);
    CHECK_FALSE(left.closed);
    CHECK(left.lost == 0);
    REQUIRE(left.under_way.size() == 1);
    block_report const& r = left.under_way[0];
    CHECK(r.loop == "api");
    CHECK_FALSE(r.ended);
    CHECK(r.threshold == 20ms);
    CHECK(r.duration >= living.under_way[0].duration);
    CHECK(r.duration >= 20ms);
    CHECK(r.thread_id == number);
    CHECK(r.stack_quality == stack_quality::exact);
    REQUIRE(r.culprit() != nullptr);
    CHECK_THAT(r.culprit()->function, contains(each.culprit));
    CHECK_THAT(line_of(*r.culprit()), contains("service.cpp:"));
    CHECK(r.culprit()->line > 0);
    CHECK(r.cause == each.why);
    if (each.why == cause::lock) {
        REQUIRE(r.held_by);
        bool holds = false;
        for (frame const& f : r.held_by->stack) holds = holds || f.function.find("holds_the_lock") != std::string::npos;
        CHECK(holds);
    }
    std::string const text = to_string(left);
    CHECK_THAT(text, contains("Blocked when the process ended"));
    CHECK_THAT(text, contains(", since " + detail::utc_text(left.opened_at) + "\n"));
    CHECK_THAT(text, contains("\n" + detail::utc_text(r.began_at) + "\n"));
    CHECK_THAT(text, contains("and still blocked"));
    CHECK_THAT(text, contains(each.culprit));
}

TEST_CASE("after _exit() it tells the same, and what was reported before")
{
    folder const in{where_from(GENERATE(0, 1))};
    CAPTURE(in.is_in_memory());
    std::string const file = in / "box";
    program service{{BLACK_BOX_SERVICE, file, "twice"}};
    REQUIRE(comes_true([&] { return blocks_in(file, "sleeps_in_a_handler"); }));
    int const status = service.end_by(SIGTERM);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 7);

    auto const left = read_black_box(file);
    CHECK_FALSE(left.closed);
    REQUIRE(left.under_way.size() == 1);
    CHECK_THAT(left.under_way[0].culprit()->function, contains("sleeps_in_a_handler"));
    REQUIRE(left.reports.size() == 1);
    block_report const& before = left.reports[0];
    CHECK(before.ended);
    CHECK(before.number == 1);
    CHECK(before.duration >= 20ms);
    // On a busy machine it was over before its stack could be taken.
    if (before.stack.empty())
        CHECK_FALSE(before.stack_missing.empty());
    else
        CHECK_THAT(before.culprit()->function, contains("was_slow_before"));
    CHECK(left.under_way[0].number == 2);
    CHECK(left.under_way[0].began_at >= before.began_at);
}

TEST_CASE("a progress report of the block that lasts is not told as another block")
{
    folder const in{where_from(1)};
    std::string const file = in / "box";
    program service{{BLACK_BOX_SERVICE, file, "sleep"}};
    // Reported after a second.
    REQUIRE(comes_true([&] {
        auto const contents = read_if_there(file);
        return contents.under_way.size() == 1 && contents.under_way[0].duration > 1200ms;
    }));
    service.end_by(SIGKILL);
    auto const left = read_black_box(file);
    REQUIRE(left.under_way.size() == 1);
    CHECK(left.under_way[0].number == 1);
    CHECK(left.under_way[0].duration > 1200ms);
    CHECK(left.reports.empty());
}

// In a group of processes with too little memory, where this machine lets one be made.
TEST_CASE("after an out-of-memory kill it tells the same")
{
    std::string group;
    auto const write = [](std::string const& to, std::string const& text) {
        std::ofstream file{to};
        file << text << std::flush;
        return file.good();
    };
    std::string const name = "loopwatch-test-" + std::to_string(::getpid());
    bool is_limited = false;
    for (std::string const mount : {"/sys/fs/cgroup/memory", "/sys/fs/cgroup"}) {
        group = mount + "/" + name;
        std::error_code failed;
        if (!std::filesystem::create_directory(group, failed)) continue;
        bool const v2 = std::filesystem::exists(group + "/memory.max");
        std::string const limit = group + (v2 ? "/memory.max" : "/memory.limit_in_bytes");
        is_limited = std::filesystem::exists(limit) && write(limit, "268435456");
        if (is_limited && v2) write(group + "/memory.swap.max", "0");
        if (is_limited && !v2) write(group + "/memory.memsw.limit_in_bytes", "268435456");
        if (is_limited) break;
        std::filesystem::remove(group, failed);
    }
    if (!is_limited) {
        std::cerr << "Not tested here, for want of a memory cgroup of one's own: an out-of-memory kill\n";
        return;
    }
    {
        folder const in{where_from(1)};
        std::string const file = in / "box";
        program service{{BLACK_BOX_SERVICE, file, "sleep"}};
        REQUIRE(write(group + "/cgroup.procs", std::to_string(service.process())));
        REQUIRE(comes_true([&] { return blocks_in(file, "sleeps_in_a_handler"); }));
        int const status = service.end_by(SIGUSR1);
        REQUIRE(WIFSIGNALED(status));
        CHECK(WTERMSIG(status) == SIGKILL);
        auto const left = read_black_box(file);
        REQUIRE(left.under_way.size() == 1);
        CHECK_THAT(left.under_way[0].culprit()->function, contains("sleeps_in_a_handler"));
    }
    CHECK(comes_true([&] {
        std::error_code failed;
        return std::filesystem::remove(group, failed);
    }));
}

TEST_CASE("a service that is started anew at once keeps what the last one left")
{
    folder const in{where_from(GENERATE(0, 1))};
    CAPTURE(in.is_in_memory());
    std::string const file = in / "box";
    {
        program service{{BLACK_BOX_SERVICE, file, "sleep"}};
        REQUIRE(comes_true([&] { return blocks_in(file, "sleeps_in_a_handler"); }));
        service.end_by(SIGKILL);
    }
    // It has nothing to tell: the next one does not move it over what is kept.
    for (int turn = 0; turn < 2; ++turn) {
        program service{{BLACK_BOX_SERVICE, file, "nothing"}};
        REQUIRE(comes_true([&] { return read_if_there(file).process_id == service.process(); }));
        service.end_by(SIGKILL);
    }
    CHECK(read_black_box(file).under_way.empty());
    CHECK_THAT(to_string(read_black_box(file)), contains("No loop was blocked when the process ended"));
    auto const kept = read_black_box(file + ".1");
    REQUIRE(kept.under_way.size() == 1);
    CHECK_THAT(kept.under_way[0].culprit()->function, contains("sleeps_in_a_handler"));
    CHECK(std::filesystem::file_size(file) == std::filesystem::file_size(file + ".1"));
}

TEST_CASE("a second process does not touch a box that is in use")
{
    folder const in{where_from(1)};
    std::string const file = in / "box";
    program first{{BLACK_BOX_SERVICE, file, "sleep"}};
    REQUIRE(comes_true([&] { return blocks_in(file, "sleeps_in_a_handler"); }));
    program second{{BLACK_BOX_SERVICE, file, "nothing"}};
    int const status = second.wait();
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 3);
    CHECK(blocks_in(file, "sleeps_in_a_handler"));
    CHECK(read_black_box(file).process_id == first.process());
}
