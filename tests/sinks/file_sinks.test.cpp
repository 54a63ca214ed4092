// SPDX-License-Identifier: BSL-1.0

#include "made_notices.hpp"
#include "scratch_folder.hpp"
#include "support/catch.hpp"
#include "support/stall.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <loopwatch/impl/monitor/sink_queue.hpp>
#include <loopwatch/to_json_lines.hpp>
#include <loopwatch/to_otlp.hpp>
#include <loopwatch/to_rotating_file.hpp>
#include <loopwatch/to_text.hpp>

namespace fs = std::filesystem;
using loopwatch::detail::sink_queue;

namespace {

/// What all sinks that append to a file must do.
std::shared_ptr<loopwatch::notice_sink> file_sink(int which, std::string const& path)
{
    switch (which) {
        case 0: return loopwatch::to_text_file(path).get();
        case 1: return loopwatch::to_json_lines(path).get();
        case 2: return loopwatch::to_otlp(path, "service").get();
        default: return loopwatch::to_rotating_file(path, 1'000'000, 3, loopwatch::notice_format::json_lines).get();
    }
}

/// How a line of a block's number is told from others: in each sink's words.
bool tells(std::string const& text, std::uint64_t number)
{
    auto const n = std::to_string(number);
    return text.find("block " + n + " for") != text.npos ||
           text.find(R"({"key":"loopwatch.number","value":{"intValue":")" + n + "\"}") != text.npos;
}

std::shared_ptr<loopwatch::block_notice const> brief(std::uint64_t number)
{
    auto made = std::make_shared<loopwatch::block_notice>(*notice_of(number));
    made->telling = loopwatch::telling::brief;
    return made;
}

template <typename Exception, typename Call>
std::string message_of(Call const& call)
{
    try {
        call();
    } catch (Exception const& thrown) {
        return thrown.what();
    }
    return "nothing was thrown";
}

}  // namespace

TEST_CASE("a file is appended to, a line for each notice")
{
    scratch_folder const folder;
    int const which = GENERATE(0, 1, 2, 3);
    CAPTURE(which);
    std::ofstream{folder / "log"} << "before\n";
    auto const sink = file_sink(which, folder / "log");
    auto const other = file_sink(which, folder / "log");
    sink->write(*brief(1));
    other->write(*brief(2));
    sink->write(*brief(3));
    auto const lines = lines_in(folder / "log");
    REQUIRE(lines.size() == 4);
    CHECK(lines[0] == "before");
    for (std::uint64_t i = 1; i <= 3; ++i) CHECK(tells(lines[i], i));
}

TEST_CASE("lines of two writers to one file stay whole")
{
    scratch_folder const folder;
    std::vector<std::thread> writers;
    for (int w = 0; w < 2; ++w)
        writers.emplace_back([&] {
            auto const sink = loopwatch::to_json_lines(folder / "log").get();
            for (std::uint64_t i = 0; i < 500; ++i) sink->write(*brief(7));
        });
    for (auto& each : writers) each.join();
    auto const lines = lines_in(folder / "log");
    CHECK(lines.size() == 1000);
    std::size_t whole = 0;
    for (auto const& line : lines)
        whole += static_cast<std::size_t>(line.starts_with("{") && line.ends_with("}") && tells(line, 7));
    CHECK(whole == 1000);
}

TEST_CASE("a file is not inherited by programs that are started")
{
    scratch_folder const folder;
    auto const sink = file_sink(GENERATE(0, 1, 2, 3), folder / "log");
    int found = 0;
    for (auto const& each : fs::directory_iterator{"/proc/self/fd"}) {
        std::error_code gone;
        if (fs::read_symlink(each.path(), gone).string() != folder / "log") continue;
        ++found;
        CHECK((::fcntl(std::stoi(each.path().filename().string()), F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK(found == 1);
}

TEST_CASE("a file that is renamed is written to until it is reopened, and then nothing is lost")
{
    scratch_folder const folder;
    int const which = GENERATE(0, 1, 2, 3);
    CAPTURE(which);
    sink_queue queue{file_sink(which, folder / "log"), 1'000};
    std::uint64_t number = 0;
    for (int file = 0; file < 3; ++file) {
        for (int i = 0; i < 50; ++i) queue.push(brief(++number));
        if (file == 2) break;
        // Rotation comes at any time.
        fs::rename(folder / "log", folder / ("log." + std::to_string(file)));
        for (int i = 0; i < 50; ++i) queue.push(brief(++number));
        queue.reopen();
        REQUIRE(queue.flush(test_clock::now() + 60s));
    }
    queue.close(60s);
    CHECK(queue.lost() == 0);
    std::vector<std::string> all;
    for (auto const* file : {"log.0", "log.1", "log"}) {
        auto const lines = lines_in(folder / file);
        CHECK(lines.size() == (file == std::string{"log"} ? 50 : 100));
        all.insert(all.end(), lines.begin(), lines.end());
    }
    REQUIRE(all.size() == 250);
    for (std::uint64_t i = 1; i <= 250; ++i) CHECK(tells(all[i - 1], i));
}

TEST_CASE("a file that is deleted is made anew")
{
    scratch_folder const folder;
    auto const sink = file_sink(GENERATE(0, 1, 2, 3), folder / "log");
    sink->write(*brief(1));
    fs::remove(folder / "log");
    sink->write(*brief(2));
    auto const lines = lines_in(folder / "log");
    REQUIRE(lines.size() == 1);
    CHECK(tells(lines[0], 2));
}

TEST_CASE("where the folder vanishes notices are lost, and counted, until it is there again")
{
    scratch_folder const folder;
    fs::create_directory(folder / "logs");
    sink_queue queue{file_sink(GENERATE(0, 1, 2, 3), folder / "logs/log"), 100};
    queue.push(brief(1));
    REQUIRE(queue.flush(test_clock::now() + 60s));
    fs::remove_all(folder / "logs");
    queue.push(brief(2));
    queue.reopen();
    queue.push(brief(3));
    REQUIRE(queue.flush(test_clock::now() + 60s));
    CHECK(queue.lost() == 2);
    fs::create_directory(folder / "logs");
    queue.push(brief(4));
    REQUIRE(queue.flush(test_clock::now() + 60s));
    CHECK(queue.lost() == 2);
    auto const lines = lines_in(folder / "logs/log");
    REQUIRE(lines.size() == 1);
    CHECK(tells(lines[0], 4));
}

TEST_CASE("where a file can't be reopened the old one is written to")
{
    scratch_folder const folder;
    fs::create_directory(folder / "logs");
    auto const sink = file_sink(GENERATE(0, 1, 2, 3), folder / "logs/log");
    sink->write(*brief(1));
    fs::rename(folder / "logs", folder / "moved");
    CHECK_THAT(message_of<std::system_error>([&] { sink->reopen(); }), contains("can't open " + (folder / "logs/log")));
    sink->write(*brief(2));
    CHECK(lines_in(folder / "moved/log").size() == 2);
    fs::create_directory(folder / "logs");
    sink->write(*brief(3));
    CHECK(lines_in(folder / "moved/log").size() == 2);
    CHECK(lines_in(folder / "logs/log").size() == 1);
}

TEST_CASE("a full disk loses what it has no room for, and is written to once it has")
{
    scratch_folder const folder;
    fs::create_symlink("/dev/full", folder / "log");
    sink_queue queue{file_sink(GENERATE(0, 1, 2, 3), folder / "log"), 100};
    for (std::uint64_t i = 1; i <= 3; ++i) queue.push(brief(i));
    REQUIRE(queue.flush(test_clock::now() + 60s));
    CHECK(queue.lost() == 3);
    fs::remove(folder / "log");
    queue.push(brief(4));
    REQUIRE(queue.flush(test_clock::now() + 60s));
    CHECK(queue.lost() == 3);
    REQUIRE(lines_in(folder / "log").size() == 1);
}

TEST_CASE("of a line that has no room nothing stays, so that the next one is whole")
{
    scratch_folder const folder;
    auto const sink = file_sink(GENERATE(0, 1, 2, 3), folder / "log");
    sink->write(*brief(1));
    auto const one = fs::file_size(folder / "log");

    // As on a disk that is full in the middle of a line.
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit const small{one + one / 2, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    auto const message = message_of<std::system_error>([&] { sink->write(*brief(2)); });
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    std::signal(SIGXFSZ, handler);

    CHECK_THAT(message, contains("can't write to " + (folder / "log")));
    CHECK(fs::file_size(folder / "log") == one);
    sink->write(*brief(3));
    auto const lines = lines_in(folder / "log");
    REQUIRE(lines.size() == 2);
    CHECK(tells(lines[1], 3));
}

TEST_CASE("a path that can't be opened is named where the sink is made")
{
    scratch_folder const folder;
    int const which = GENERATE(0, 1, 2, 3);
    CHECK_THAT(message_of<std::system_error>([&] { file_sink(which, folder / "no/log"); }),
               contains("loopwatch: can't open " + (folder / "no/log")) && contains("No such file"));
    // Nobody reads it, and the program does not wait for somebody.
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK_THAT(message_of<std::system_error>([&] { file_sink(which, folder / "pipe"); }), contains(folder / "pipe"));
}

TEST_CASE("a pipe is written to, and waited for if it is full")
{
    scratch_folder const folder;
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    int const reader = ::open((folder / "pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(reader >= 0);
    ::fcntl(reader, F_SETFL, 0);
    ::fcntl(reader, F_SETPIPE_SZ, 4096);
    sink_queue queue{file_sink(GENERATE(0, 1), folder / "pipe"), 10'000};
    for (std::uint64_t i = 1; i <= 1'000; ++i) queue.push(brief(i));
    std::string text;
    while (!tells(text.substr(text.size() - std::min<std::size_t>(text.size(), 4096)), 1'000)) {
        char some[4096];
        auto const size = ::read(reader, some, sizeof some);
        REQUIRE(size > 0);
        text.append(some, static_cast<std::size_t>(size));
    }
    REQUIRE(queue.flush(test_clock::now() + 60s));
    CHECK(queue.lost() == 0);
    ::close(reader);
}

TEST_CASE("a text file has the whole report after the time, and lines for others")
{
    scratch_folder const folder;
    auto const sink = loopwatch::to_text_file(folder / "log").get();
    auto notice = *notice_of(1);
    notice.report.loop = "api";
    notice.report.duration = 20ms;
    notice.report.threshold = 10ms;
    notice.report.cause = loopwatch::cause::cpu;
    notice.report.began_at = std::chrono::system_clock::time_point{1'700'000'000s};
    sink->write(notice);
    notice.telling = loopwatch::telling::brief;
    sink->write(notice);
    auto const lines = lines_in(folder / "log");
    REQUIRE(lines.size() >= 3);
    CHECK(lines.front() ==
          "2023-11-14T22:13:20.000000Z loop blocked: block 1 on \"api\" for 20.0 ms (threshold 10.0 ms)");
    CHECK(lines[1] == "  why      cpu");
    CHECK(lines.back() == "2023-11-14T22:13:20.000000Z loop blocked: block 1 on \"api\" for 20.0 ms: cpu");
}

TEST_CASE("spans are of blocks that are over, each with ids of its own, and of those that logs are not told of")
{
    scratch_folder const folder;
    auto const sink = loopwatch::to_otlp(folder / "spans", "shop").get();
    CHECK(sink->wants_every_block());
    auto notice = *notice_of(1);
    notice.report.ended = false;
    sink->write(notice);
    notice.report.ended = true;
    notice.telling = loopwatch::telling::counted;
    sink->write(notice);
    sink->write(notice);
    auto const lines = lines_in(folder / "spans");
    REQUIRE(lines.size() == 2);
    auto const id = [](std::string const& line, std::string const& key, std::size_t digits) {
        auto const at = line.find(key) + key.size();
        auto const text = line.substr(at, digits);
        CHECK(text.find_first_not_of("0123456789abcdef") == text.npos);
        CHECK(text.find_first_not_of('0') != text.npos);
        CHECK(line[at + digits] == '"');
        return text;
    };
    CHECK(id(lines[0], R"("traceId":")", 32) != id(lines[1], R"("traceId":")", 32));
    CHECK(id(lines[0], R"("spanId":")", 16) != id(lines[1], R"("spanId":")", 16));
}

TEST_CASE("a rotating file begins anew before it is too large, and as many are kept as were asked for")
{
    scratch_folder const folder;
    auto const size = loopwatch::to_json(*brief(1)).size() + 1;
    auto const sink =
        loopwatch::to_rotating_file(folder / "log", 3 * size, 3, loopwatch::notice_format::json_lines).get();
    for (std::uint64_t i = 1; i <= 9; ++i) sink->write(*brief(i));
    auto const numbers = [&](std::string const& file, std::uint64_t first, std::size_t count) {
        auto const lines = lines_in(folder / file);
        REQUIRE(lines.size() == count);
        for (std::size_t i = 0; i < count; ++i) CHECK(tells(lines[i], first + i));
        CHECK(fs::file_size(folder / file) <= 3 * size);
    };
    numbers("log", 7, 3);
    numbers("log.1", 4, 3);
    numbers("log.2", 1, 3);
    sink->write(*brief(1));
    numbers("log", 1, 1);
    numbers("log.1", 7, 3);
    numbers("log.2", 4, 3);
    CHECK_FALSE(fs::exists(folder / "log.3"));

    SECTION("it goes on where a process before it has ended")
    {
        auto const next =
            loopwatch::to_rotating_file(folder / "log", 3 * size, 3, loopwatch::notice_format::json_lines).get();
        next->write(*brief(2));
        next->write(*brief(3));
        next->write(*brief(4));
        numbers("log", 4, 1);
        numbers("log.1", 1, 3);
    }
    SECTION("what is rotated by others is not rotated once more")
    {
        sink->write(*brief(2));
        sink->write(*brief(3));
        fs::rename(folder / "log", folder / "taken");
        sink->write(*brief(4));
        CHECK(lines_in(folder / "taken").size() == 3);
        numbers("log", 4, 1);
        numbers("log.1", 7, 3);
    }
    SECTION("where it can't be rotated notices are lost, and the files do not grow")
    {
        sink->write(*brief(2));
        sink->write(*brief(3));
        fs::remove(folder / "log.2");
        fs::create_directories(folder / "log.2/occupied");
        CHECK_THAT(message_of<std::system_error>([&] { sink->write(*brief(4)); }),
                   contains("can't rename " + (folder / "log.1")));
        numbers("log", 1, 3);
        fs::remove_all(folder / "log.2");
        sink->write(*brief(5));
        numbers("log", 5, 1);
        numbers("log.1", 1, 3);
        numbers("log.2", 7, 3);
    }
}

TEST_CASE("one rotating file is emptied, and a notice that is too large has a file of its own")
{
    scratch_folder const folder;
    auto const sink = loopwatch::to_rotating_file(folder / "log", 10, 1).get();
    sink->write(*brief(1));
    CHECK(lines_in(folder / "log").size() == 1);
    sink->write(*brief(2));
    auto const lines = lines_in(folder / "log");
    REQUIRE(lines.size() == 1);
    CHECK(tells(lines[0], 2));
    CHECK(std::distance(fs::directory_iterator{folder.path()}, {}) == 1);
}

TEST_CASE("a rotating file's bounds are checked")
{
    scratch_folder const folder;
    CHECK_THAT(message_of<std::invalid_argument>(
                   [&] { static_cast<void>(loopwatch::to_rotating_file(folder / "log", 0, 1)); }),
               contains("max_size"));
    CHECK_THAT(message_of<std::invalid_argument>(
                   [&] { static_cast<void>(loopwatch::to_rotating_file(folder / "log", 1, 0)); }),
               contains("max_files"));
    CHECK_FALSE(fs::exists(folder / "log"));
}

TEST_CASE("monitors may share a sink")
{
    scratch_folder const folder;
    auto const sink = file_sink(GENERATE(0, 1, 2, 3), folder / "log");
    {
        sink_queue one{sink, 1'000};
        sink_queue other{sink, 1'000};
        for (int i = 0; i < 200; ++i) {
            one.push(brief(1));
            other.push(brief(2));
            if (i % 50 == 0) other.reopen();
        }
        REQUIRE(one.flush(test_clock::now() + 60s));
        REQUIRE(other.flush(test_clock::now() + 60s));
    }
    CHECK(lines_in(folder / "log").size() == 400);
}
