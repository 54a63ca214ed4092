// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/named_blocks.hpp"

#include <chrono>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <loopwatch/impl/analysis/handlers_run.hpp>

namespace handlers_run_test {

using namespace loopwatch;
using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

named_block counted(std::initializer_list<std::pair<handler_name, std::uint64_t>> types, std::uint64_t all)
{
    named_block block;
    for (auto const& [type, count] : types) {
        block.ran[block.ran_types].count = count;
        ++block.ran_types;
        block.ran_as.push_back(type);
    }
    block.ran_all = all;
    return block;
}

handler_name of(std::string handler)
{
    handler_name name;
    name.operation = "async_wait";
    name.handler = std::move(handler);
    return name;
}

std::string text(named_block const& block) { return handlers_run_text(handlers_run_in(block), 180ms); }

}  // namespace

TEST_CASE("no handlers, and one alone, are no queue", "[handlers_run]")
{
    CHECK(handlers_run_in(named_block{}).empty());
    CHECK(handlers_run_in(counted({{of("f"), 1}}, 1)).empty());
    CHECK(handlers_run_in(counted({{of("f"), 1}}, 2)).size() == 2);
}

TEST_CASE("handlers are counted by their names, whatever their types", "[handlers_run]")
{
    auto const all = handlers_run_in(counted({{of("f"), 700}, {of("g"), 600}, {of("f"), 500}}, 1800));
    CHECK(all == std::vector<handler_count>{{"f", 1200}, {"g", 600}});
}

TEST_CASE("a handler without a name is counted by its operation", "[handlers_run]")
{
    CHECK(text(counted({{of("session::on_read"), 1200}, {of(""), 40}}, 1240)) ==
          "1240 handlers in 180.0 ms: 1200 x session::on_read, 40 x async_wait");
}

TEST_CASE("what is not among the most frequent is told as others", "[handlers_run]")
{
    auto const all = handlers_run_in(counted({{of("f"), 5}, {handler_name{}, 4}}, 12));
    CHECK(all == std::vector<handler_count>{{"f", 5}, {"", 7}});
    CHECK(text(counted({{of("f"), 5}}, 12)) == "12 handlers in 180.0 ms: 5 x f, 7 x others");
    CHECK(text(counted({{of("a"), 6}, {of("b"), 5}, {of("c"), 4}, {of("d"), 3}, {of("e"), 2}}, 21)) ==
          "21 handlers in 180.0 ms: 6 x a, 5 x b, 4 x c, 3 x d, 3 x others");
    CHECK(text(counted({}, 12)) == "12 handlers in 180.0 ms");
}

TEST_CASE("a strand does not count beside its handlers", "[handlers_run]")
{
    handler_name strand;
    strand.operation = "strand";
    strand.runs_others = true;
    CHECK(handlers_run_in(counted({{of("f"), 50}, {strand, 50}}, 101)) ==
          std::vector<handler_count>{{"f", 50}, {"", 1}});
}

TEST_CASE("counts that were read while they grew are never more than all", "[handlers_run]")
{
    auto const all = handlers_run_in(counted({{of("f"), 7}, {of("g"), 7}}, 10));
    CHECK(all == std::vector<handler_count>{{"f", 7}, {"g", 3}});
}

TEST_CASE("long names lose their template arguments in a list", "[handlers_run]")
{
    std::string const name = "app::serve<" + std::string(60, 'x') + ">(int)::{lambda}";
    CHECK(text(counted({{of(name), 5}}, 5)) == "5 handlers in 180.0 ms: 5 x app::serve<...>(int)::{lambda}");
}

}  // namespace handlers_run_test
