// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/monitor/loop_records.hpp>

#include <chrono>
#include <cstddef>
#include <string>

// Not by a directive: the files of unit tests are compiled several at a time.
namespace loop_records_test {

using namespace std::chrono_literals;
using loopwatch::block_report;
using loopwatch::cause;
using loopwatch::detail::loop_record;
using loopwatch::detail::loop_records;
using loopwatch::detail::shared;

/// A watch that sees one block, and ends.
void block_once(loop_records& records, std::string const& name)
{
    shared<loop_record> const record = records.begin_watch(name);
    block_report report;
    report.cause = cause::disk;
    report.duration = 10ms;
    record->blocked.add(report);
    record->totals->delays.record(10ms, 25ms);
    record->totals->handler_delays.record(10ms, 25ms);
    --record->watches;
}

std::uint64_t blocks_of(loop_record const& record)
{
    return record.blocked.by_cause[static_cast<std::size_t>(cause::disk)].blocks;
}

std::uint64_t blocks_of(loop_records const& records)
{
    std::uint64_t sum = 0;
    for (auto const& each : records.all()) sum += blocks_of(*each);
    return sum;
}

shared<loop_record> named(loop_records const& records, std::string const& name)
{
    for (auto const& each : records.all())
        if (each->name == name) return each;
    return {};
}

TEST_CASE("watches of one name have one record", "[loop_records]")
{
    loop_records records;
    auto const first = records.begin_watch("api");
    CHECK(records.begin_watch("api").get() == first.get());
    CHECK(records.begin_watch("jobs").get() != first.get());
    CHECK(first->watches == 2);
    CHECK(records.all().size() == 2);
}

TEST_CASE("loops without a name get one each", "[loop_records]")
{
    loop_records records;
    CHECK(records.begin_watch("")->name == "loop 1");
    CHECK(records.begin_watch("")->name == "loop 2");
}

TEST_CASE("names beyond the limit take the place of those that are not watched, whose numbers go on as one",
          "[loop_records]")
{
    loop_records records;
    auto const watched = records.begin_watch("api");
    for (std::size_t i = 0; i < loop_records::most + 50; ++i) block_once(records, "client " + std::to_string(i));
    CHECK(records.all().size() == loop_records::most + 1);  // and the others
    CHECK(named(records, "api").get() == watched.get());
    CHECK(blocks_of(records) == loop_records::most + 50);
    auto const others = named(records, std::string{loop_records::name_of_others});
    REQUIRE(others);
    CHECK(blocks_of(*others) == 51);  // the last ones have records, as has the one that is watched
    CHECK(others->delays_before.count() == 51);
    CHECK(others->handler_delays_before.count() == 51);
    CHECK(named(records, "client " + std::to_string(loop_records::most + 49)));
}

TEST_CASE("what is watched is never forgotten", "[loop_records]")
{
    loop_records records;
    for (std::size_t i = 0; i < loop_records::most + 5; ++i)
        static_cast<void>(records.begin_watch("client " + std::to_string(i)));
    CHECK(records.all().size() == loop_records::most + 5);
}

}  // namespace loop_records_test
