// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/outlines.hpp"

#include <loopwatch/impl/report/block_archive.hpp>

#include <chrono>
#include <cstddef>
#include <mutex>
#include <utility>

#if LOOPWATCH_HAS_FORK()
#include <sys/wait.h>
#include <unistd.h>
#endif

using namespace loopwatch;
using detail::block_archive;

namespace {

detail::report_outline archived(std::uint64_t number, std::chrono::seconds began)
{
    block_report one;
    one.number = number;
    one.began_at = std::chrono::system_clock::time_point{began};
    one.stack.emplace_back().function = "f()";
    return outline_of(std::move(one));
}

}  // namespace

TEST_CASE("an archive has the blocks with their stacks, in the order of their beginnings", "[archive][portable]")
{
    block_archive blocks;
    blocks.add(archived(1, std::chrono::seconds{20}));
    blocks.add(archived(2, std::chrono::seconds{10}));
    blocks.add(archived(3, std::chrono::seconds{30}));
    auto const all = blocks.all();
    REQUIRE(all.blocks.size() == 3);
    CHECK(all.blocks[0].number == 2);
    CHECK(all.blocks[1].number == 1);
    CHECK(all.blocks[2].number == 3);
    CHECK(all.blocks[1].stack.at(0).function == "f()");
    CHECK(all.left_out == 0);
    CHECK(blocks.is_own());
    CHECK(blocks.is_makers());
}

TEST_CASE("an archive has the last blocks, and counts the others", "[archive][portable]")
{
    block_archive blocks;
    for (std::size_t i = 0; i < block_archive::most + 7; ++i) blocks.add(archived(i, std::chrono::seconds{i}));
    auto const all = blocks.all();
    CHECK(all.blocks.size() == block_archive::most);
    CHECK(all.blocks.front().number == 7);
    CHECK(all.left_out == 7);
}

#if LOOPWATCH_HAS_FORK()
TEST_CASE("the child of a fork archives its own blocks only", "[archive]")
{
    block_archive blocks;
    for (std::size_t i = 0; i <= block_archive::most; ++i) blocks.add(archived(i, std::chrono::seconds{i}));
    pid_t const child = ::fork();
    if (child == 0) {
        if (blocks.is_own() || blocks.is_makers()) ::_exit(1);
        blocks.add(archived(4711, std::chrono::seconds{1}));
        if (!blocks.is_own() || blocks.is_makers()) ::_exit(2);
        auto const all = blocks.all();
        ::_exit(all.left_out == 0 && all.blocks.size() == 1 && all.blocks[0].number == 4711 ? 0 : 3);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(blocks.all().blocks.size() == block_archive::most);
}
#endif

TEST_CASE("nothing is archived unless somebody asked for it", "[archive][portable]")
{
    CHECK(block_archive::get() == nullptr);
    detail::archive(archived(1, std::chrono::seconds{1}));
    CHECK(block_archive::get() == nullptr);
}
