// SPDX-License-Identifier: BSL-1.0

// Whatever became of a black box's file, reading it ends, and reads nothing that is not there. With address sanitizer
// this is what it is for.
#include "process.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <loopwatch/impl/black_box/box_contents.hpp>
#include <loopwatch/impl/black_box/box_layout.hpp>
#include <loopwatch/impl/black_box/box_reports.hpp>
#include <loopwatch/read_black_box.hpp>

using namespace black_box_tests;
using namespace loopwatch;
using namespace loopwatch::detail;

namespace {

/// That a service left which was blocked when it was killed, and had been before.
std::vector<std::byte> left_by_a_service()
{
    folder const in{BLACK_BOX_FOLDER};
    std::string const file = in / "box";
    program service{{BLACK_BOX_SERVICE, file, "twice", "small"}};
    REQUIRE(comes_true([&] { return blocks_in(file, "sleeps_in_a_handler"); }));
    service.end_by(SIGKILL);
    std::ifstream from{file, std::ios::binary};
    std::string const text{std::istreambuf_iterator<char>{from}, {}};
    auto const* const bytes = reinterpret_cast<std::byte const*>(text.data());
    return {bytes, bytes + text.size()};
}

struct record_at {
    std::size_t at;
    std::size_t size;
    box_record::kind what;
    std::uint64_t number;
};

std::vector<record_at> records_of(std::vector<std::byte> const& file)
{
    std::vector<record_at> all;
    for (std::size_t at = 4096; at + box_record::head <= file.size(); at += box_record::alignment) {
        view<std::byte const> const rest = view<std::byte const>{file}.subspan(at, file.size() - at);
        for (auto const what :
             {box_record::kind::process, box_record::kind::modules, box_record::kind::block, box_record::kind::report})
            if (auto const found = box_record::read(rest, what))
                all.push_back({at, found->content.size(), what, found->number});
    }
    return all;
}

/// The same without what is not used, of which there is most: no part says where another one is.
std::vector<std::byte> without_gaps(std::vector<std::byte> const& file)
{
    std::vector<std::byte> shorter{file.begin(), file.begin() + 4096};
    for (record_at const& r : records_of(file)) {
        auto const at = file.begin() + static_cast<std::ptrdiff_t>(r.at);
        shorter.insert(shorter.end(), at - 32, at + static_cast<std::ptrdiff_t>(box_record::head + r.size));
        shorter.resize((shorter.size() + 31) / 32 * 32);
    }
    return shorter;
}

/// In an allocation of its own size: a byte beyond it is not this program's.
void read_all(std::vector<std::byte> const& file, bool with_names)
{
    std::vector<std::byte> const exactly{file.begin(), file.end()};
    box_contents found;
    if (box_scan{exactly}(found) != box_layout::defect::none) return;
    if (!with_names) found.modules.clear();
    std::string const text = to_string(told_by(std::move(found)));
    REQUIRE(text.size() < 1'000'000);
}

}  // namespace

TEST_CASE("a damaged black box is read as far as it is whole")
{
    std::vector<std::byte> const whole = without_gaps(left_by_a_service());
    auto const records = records_of(whole);
    REQUIRE(records.size() >= 4);
    std::mt19937 random{4711};
    auto const below = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };

    SECTION("cut off at any byte")
    {
        for (int i = 0; i < 500; ++i) {
            // Within a record, mostly.
            record_at const& r = records[below(records.size())];
            std::size_t const size = i % 4 == 0 ? below(whole.size()) : r.at + below(r.size + box_record::head);
            read_all({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}, i % 300 == 0);
        }
    }
    SECTION("with other bytes here and there")
    {
        for (int i = 0; i < 1000; ++i) {
            auto file = whole;
            for (std::size_t n = 1 + below(8); n > 0; --n) {
                record_at const& r = records[below(records.size())];
                std::size_t const at = below(4) == 0 ? below(600) : r.at - 32 + below(r.size + box_record::head + 32);
                file[at] = static_cast<std::byte>(below(256));
            }
            read_all(file, i % 300 == 0);
        }
    }
    SECTION("with other bytes, and checksums that are right all the same")
    {
        std::size_t others = 0;
        for (int i = 0; i < 1500; ++i) {
            auto file = whole;
            record_at const& r = records[below(records.size())];
            for (std::size_t n = 1 + below(4); n > 0; --n) {
                std::size_t const at = r.at + box_record::head + below(r.size);
                std::size_t const width = std::min(std::size_t{1} << below(4), r.at + box_record::head + r.size - at);
                std::size_t const kind = below(3);
                for (std::size_t k = 0; k < width; ++k)
                    file[at + k] = kind == 0   ? static_cast<std::byte>(below(256))
                                   : kind == 1 ? std::byte{0xff}
                                               : static_cast<std::byte>(k + 1 == width ? 0x7f : 0xff);
            }
            box_record::finish(view<std::byte>{file}.subspan(r.at, box_record::head + r.size), r.what, r.number,
                               r.size);
            if (file != whole) ++others;
            read_all(file, i % 300 == 0);
        }
        CHECK(others > 1450);
    }
    SECTION("and whole, it tells all")
    {
        box_contents found;
        REQUIRE(box_scan{whole}(found) == box_layout::defect::none);
        black_box_contents const told = told_by(std::move(found));
        CHECK(told.under_way.size() == 1);
        CHECK(told.reports.size() == 1);
    }
}
