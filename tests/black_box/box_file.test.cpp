// SPDX-License-Identifier: BSL-1.0

// The file of a black box in this process: how it is made, by whom it is written, and when it is left alone.
#include "process.hpp"
#include "support/catch.hpp"
#include "support/stall.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <asio.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <loopwatch/asio.hpp>
#include <loopwatch/black_box.hpp>
#include <loopwatch/monitor.hpp>
#include <loopwatch/read_black_box.hpp>

using namespace black_box_tests;
using namespace loopwatch;

namespace {

constexpr black_box_size small{.blocks = 2, .reports = 65536};

std::string bytes_of(std::string const& file)
{
    std::ifstream from{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{from}, {}};
}

std::string what_is_thrown(std::string const& file, black_box_size size = small)
{
    try {
        black_box const box{file, size};
    } catch (std::exception const& e) {
        return e.what();
    }
    return "nothing";
}

void block_once(monitor& m, asio::io_context& ctx)
{
    auto const watched = m.watch(ctx, "main");
    post(ctx, [] { sleep_through(60ms); });
    ctx.run();
    ctx.restart();
    REQUIRE(m.flush(20s));
}

}  // namespace

TEST_CASE("a box that is closed in order says so, and has the reports")
{
    folder const in{GENERATE(std::string{BLACK_BOX_FOLDER}, std::string{"/dev/shm"})};
    std::string const file = in / "box";
    asio::io_context ctx;
    std::vector<block_report> told;
    {
        monitor m{{.threshold = 10ms}, {}};
        m.record_to(black_box{file, small});
        for (int i = 0; i < 3; ++i) block_once(m, ctx);
        told = m.recent();
    }
    auto const left = read_black_box(file);
    CHECK(left.closed);
    CHECK(left.under_way.empty());
    REQUIRE(told.size() >= 3);
    REQUIRE(left.reports.size() == told.size());
    for (std::size_t i = 0; i < told.size(); ++i) {
        block_report const& newest_first = left.reports[told.size() - 1 - i];
        CHECK(newest_first.number == told[i].number);
        CHECK(newest_first.duration == told[i].duration);
        CHECK(newest_first.stack == told[i].stack);
    }
    CHECK(left.reports[0].loop == "main");
    CHECK(left.reports[0].duration >= 10ms);
    std::string const text = to_string(left, false, told.size() - 1);
    CHECK_THAT(text, contains("The box was closed in order."));
    CHECK_THAT(text, contains("and 1 report before"));
}

TEST_CASE("the file is its owner's only, and programs that are started do not inherit it")
{
    folder const in{GENERATE(std::string{BLACK_BOX_FOLDER}, std::string{"/dev/shm"})};
    black_box const box{in / "box", small};
    struct stat about{};
    REQUIRE(::stat((in / "box").c_str(), &about) == 0);
    CHECK((about.st_mode & 0777) == 0600);
    bool found = false;
    for (auto const& each : std::filesystem::directory_iterator{"/proc/self/fd"}) {
        int const number = std::stoi(each.path().filename().string());
        struct stat its{};
        if (::fstat(number, &its) != 0 || its.st_ino != about.st_ino || its.st_dev != about.st_dev) continue;
        found = true;
        CHECK((::fcntl(number, F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK(found);
}

TEST_CASE("what is no black box is left as it is")
{
    folder const in{BLACK_BOX_FOLDER};
    std::string const file = in / "notes.txt";
    std::ofstream{file} << "do not lose this";
    CHECK_THAT(what_is_thrown(file), contains("notes.txt") && contains("is no black box, and is left as it is"));
    CHECK(bytes_of(file) == "do not lose this");
    CHECK(std::distance(std::filesystem::directory_iterator{std::filesystem::path{file}.parent_path()}, {}) == 1);

    std::filesystem::create_directory(in / "folder");
    CHECK_THAT(what_is_thrown(in / "folder"), contains("is no file"));
    std::ofstream{in / "empty"};
    CHECK(what_is_thrown(in / "empty") == "nothing");
}

TEST_CASE("what can't be had is told by the constructor")
{
    CHECK_THAT(what_is_thrown("/no/such/folder/box"), contains("/no/such/folder/box") && contains("can't create"));
    CHECK_THAT(what_is_thrown("/dev/shm/x", {.blocks = 0}),
               contains("black_box_size.blocks must be 1 to 10000, but is 0"));
    CHECK_THAT(what_is_thrown("/dev/shm/x", {.reports = 1}), contains("black_box_size.reports"));
    folder const in{BLACK_BOX_FOLDER};
    black_box const box{in / "box", small};
    CHECK_THAT(what_is_thrown(in / "box"), contains("this process records to it already"));
    CHECK(std::filesystem::exists(in / "box"));
}

TEST_CASE("reading what is no black box says so")
{
    folder const in{BLACK_BOX_FOLDER};
    std::string const file = in / "notes.txt";
    auto const thrown = [&] {
        try {
            static_cast<void>(read_black_box(file));
        } catch (std::runtime_error const& e) {
            return std::string{e.what()};
        }
        return std::string{};
    };
    CHECK_THAT(thrown(), contains("notes.txt") && contains("can't be read: No such file"));
    std::ofstream{file} << "text";
    CHECK_THAT(thrown(), contains("is no black box"));
    std::ofstream{file} << "LOOPWBOX\x09" << std::string(3, '\0');
    CHECK_THAT(thrown(), contains("of another version"));
}

TEST_CASE("the child of a fork does not write to its parent's box")
{
    folder const in{GENERATE(std::string{BLACK_BOX_FOLDER}, std::string{"/dev/shm"})};
    std::string const file = in / "box";
    asio::io_context ctx;
    monitor m{{.threshold = 10ms}, {}};
    black_box const box{file, small};
    m.record_to(box);
    block_once(m, ctx);
    REQUIRE(comes_true([&] { return !read_black_box(file).reports.empty(); }));
    std::size_t const before = m.recent().size();
    pid_t const child = ::fork();
    if (child == 0) {
        if (LOOPWATCH_HAS_TSAN()) ::_exit(0);  // which starts no threads there
        {
            asio::io_context its_own;
            monitor fresh{{.threshold = 10ms}, {}};
            fresh.record_to(box);
            auto const watched = fresh.watch(its_own, "child");
            post(its_own, [] { sleep_through(60ms); });
            its_own.run();
            static_cast<void>(fresh.flush(20s));
        }
        ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    REQUIRE(comes_true([&] { return read_black_box(file).reports.size() >= before; }));
    auto const after = read_black_box(file);
    CHECK(after.reports.size() == before);
    CHECK(after.reports[0].loop == "main");
    CHECK(after.process_id == ::getpid());
    CHECK_FALSE(after.closed);
    block_once(m, ctx);
    CHECK(comes_true([&] { return read_black_box(file).reports.size() > before; }));
}

TEST_CASE("a monitor records to the last box that it was given, and the first stays whole")
{
    folder const in{"/dev/shm"};
    asio::io_context ctx;
    std::size_t of_one = 0;
    std::size_t of_both = 0;
    {
        monitor m{{.threshold = 10ms}, {}};
        m.record_to(black_box{in / "one", small});
        block_once(m, ctx);
        of_one = m.recent().size();
        m.record_to(black_box{in / "two", small});
        block_once(m, ctx);
        of_both = m.recent().size();
    }
    REQUIRE(of_one >= 1);
    REQUIRE(of_both > of_one);
    CHECK(read_black_box(in / "one").reports.size() == of_one);
    CHECK(read_black_box(in / "two").reports.size() == of_both - of_one);
    CHECK(read_black_box(in / "one").closed);
}
