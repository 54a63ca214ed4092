// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/monitor/code_path.hpp>
#include <loopwatch/impl/monitor/telling_rate.hpp>

#include <chrono>
#include <vector>

using namespace loopwatch;
using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

constexpr telling_limits usual{.full = 5, .lines = 60, .first_interval = 10s};

/// Says what is told of blocks at moments after the beginning.
class teller {
public:
    explicit teller(telling_limits const& limits = usual) : limits_{limits} {}

    telling block(code_path& path, nanoseconds at, nanoseconds duration = 100ms, telling told = telling::counted)
    {
        return rate_.of_block(limits_, path, duration, told, began_ + at);
    }
    telling progress(code_path& path, nanoseconds at, telling told = telling::counted)
    {
        return rate_.of_progress(limits_, path, 1s, told, began_ + at);
    }

private:
    telling_limits limits_;
    telling_rate rate_;
    time_point began_{1000h};
};

}  // namespace

TEST_CASE("a code path is told in full once, then in lines at intervals that double")
{
    teller log;
    code_path path{cause::disk};
    CHECK(log.block(path, 0s) == telling::full);
    CHECK(log.block(path, 9'999ms) == telling::counted);
    CHECK(log.block(path, 10s) == telling::brief);
    CHECK(log.block(path, 29'999ms) == telling::counted);
    CHECK(log.block(path, 30s) == telling::brief);
    CHECK(log.block(path, 69'999ms) == telling::counted);
    CHECK(log.block(path, 70s) == telling::brief);
}

TEST_CASE("the interval between two lines grows to an hour, and begins anew when nothing was to tell for as long")
{
    teller log;
    code_path path{cause::disk};
    CHECK(log.block(path, 0s) == telling::full);
    nanoseconds last{};
    std::vector<nanoseconds> distances;
    for (nanoseconds at{}; at < 6h; at += 1s)
        if (log.block(path, at) == telling::brief) {
            distances.push_back(at - last);
            last = at;
        }
    CHECK(distances ==
          std::vector<nanoseconds>{10s, 20s, 40s, 80s, 160s, 320s, 640s, 1280s, 2560s, 3600s, 3600s, 3600s, 3600s});

    CHECK(log.block(path, last + 3h) == telling::brief);
    CHECK(log.block(path, last + 3h + 9s) == telling::counted);
    CHECK(log.block(path, last + 3h + 10s) == telling::brief);
}

TEST_CASE(
    "no more is told in full than the limit within any minute, and a path that waits is told as soon as there is room")
{
    teller log;
    std::vector<code_path> paths(7, code_path{cause::cpu});
    for (int i = 0; i < 5; ++i) CHECK(log.block(paths[static_cast<std::size_t>(i)], i * 1s) == telling::full);
    CHECK(log.block(paths[5], 10s) == telling::brief);
    CHECK(log.block(paths[5], 59s) == telling::brief);
    CHECK(log.block(paths[5], 62s) == telling::full);  // the first of the five was 61 s ago
    CHECK(log.block(paths[6], 62s) == telling::full);
    CHECK(log.block(paths[0], 62s) == telling::brief);
}

TEST_CASE("a block that is more than twice as long as any told is told in full, while half of the limit is left")
{
    teller log;
    code_path path{cause::cpu};
    code_path fresh{cause::cpu};
    CHECK(log.block(path, 0s, 100ms) == telling::full);
    CHECK(log.block(path, 1s, 200ms) == telling::counted);
    CHECK(log.block(path, 2s, 201ms) == telling::full);
    CHECK(log.block(path, 3s, 402ms) == telling::counted);
    CHECK(log.block(path, 4s, 5s) == telling::counted);  // two of five: the rest is for code paths that are new
    CHECK(log.block(fresh, 5s) == telling::full);
}

TEST_CASE("lines are limited, too")
{
    teller log{{.full = 0, .lines = 3, .first_interval = 10s}};
    std::vector<code_path> paths(5, code_path{cause::cpu});
    for (int i = 0; i < 3; ++i) CHECK(log.block(paths[static_cast<std::size_t>(i)], 0s) == telling::brief);
    CHECK(log.block(paths[3], 0s) == telling::counted);
    CHECK(log.block(paths[4], 62s) == telling::brief);
}

TEST_CASE("with no interval each block has its line")
{
    teller log{{.full = 1, .lines = 1000, .first_interval = 0s}};
    code_path path{cause::cpu};
    CHECK(log.block(path, 0s) == telling::full);
    CHECK(log.block(path, 1ns) == telling::brief);
}

TEST_CASE("a block that lasts is told in full first, then in lines, and its end in one")
{
    teller log;
    code_path path{cause::lock};
    CHECK(log.progress(path, 1s) == telling::full);
    CHECK(log.progress(path, 2s, telling::full) == telling::brief);
    CHECK(log.progress(path, 4s, telling::full) == telling::brief);
    CHECK(log.block(path, 5s, 5s, telling::full) == telling::brief);
    CHECK(log.block(path, 6s) == telling::counted);
}

TEST_CASE("a block that lasts is told in full as soon as there is room, once")
{
    teller log;
    std::vector<code_path> paths(5, code_path{cause::cpu});
    for (code_path& each : paths) CHECK(log.block(each, 0s) == telling::full);
    code_path hang{cause::lock};
    CHECK(log.progress(hang, 1s) == telling::brief);
    CHECK(log.progress(hang, 32s, telling::brief) == telling::brief);
    CHECK(log.progress(hang, 64s, telling::brief) == telling::full);
    CHECK(log.progress(hang, 128s, telling::full) == telling::brief);
    CHECK(log.block(hang, 200s, 200s, telling::full) == telling::brief);

    CHECK(log.progress(hang, 300s) == telling::full);  // another block: its log has the stack of now
    CHECK(log.progress(hang, 301s, telling::full) == telling::brief);
}

TEST_CASE("a block is told in full at its end, if it was told in full as of another code path, or not yet")
{
    teller log;
    code_path without_stack{cause::cpu};
    code_path named{cause::cpu};
    CHECK(log.progress(without_stack, 1s) == telling::full);
    CHECK(log.block(named, 4s, 4s, telling::full) == telling::full);

    code_path late{cause::lock};
    for (std::vector<code_path> more(3, code_path{cause::cpu}); code_path & each : more)
        CHECK(log.block(each, 5s) == telling::full);
    CHECK(log.progress(late, 6s) == telling::brief);
    CHECK(log.block(late, 70s, 65s, telling::brief) == telling::full);
}

TEST_CASE("what was told of a code path while its block lasted counts as told, also in its first hour")
{
    teller log{{.full = 0, .lines = 60, .first_interval = 10s}};
    code_path path{cause::lock};
    CHECK(log.progress(path, 1s) == telling::brief);
    CHECK(log.progress(path, 2s, telling::brief) == telling::brief);
    CHECK(log.block(path, 3s, 3s, telling::brief) == telling::brief);  // the third line: 40 s to the next
    CHECK(log.block(path, 42'999ms) == telling::counted);
    CHECK(log.block(path, 43s) == telling::brief);
}

TEST_CASE("what nobody is to blame for is never told in full")
{
    teller log;
    code_path path{cause::starved};
    path.excused = true;
    CHECK(log.progress(path, 0s) == telling::brief);
    CHECK(log.block(path, 100s) == telling::brief);
    CHECK(log.block(path, 101s, 1h) == telling::counted);
}

TEST_CASE("an interval may be as long as a number can be")
{
    teller log{{.full = 5, .lines = 60, .first_interval = nanoseconds::max()}};
    code_path path{cause::disk};
    CHECK(log.block(path, 0s) == telling::full);
    CHECK(log.block(path, 1s, 100ms, telling::brief) == telling::brief);
    CHECK(log.block(path, 2s) == telling::counted);
    CHECK(path.told.interval == nanoseconds::max());
}
