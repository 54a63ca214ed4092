// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/detail/maybe.hpp>
#include <loopwatch/detail/owned.hpp>
#include <loopwatch/impl/base/by_number.hpp>
#include <loopwatch/impl/base/fixed.hpp>
#include <loopwatch/impl/base/malloced.hpp>
#include <loopwatch/impl/base/many.hpp>
#include <loopwatch/impl/base/one_of.hpp>
#include <loopwatch/impl/base/view.hpp>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace loopwatch::detail;

namespace {

/// Counts those that live, and throws when the copies that are allowed are used up.
struct probe {
    static inline int alive = 0;
    static inline int copies_left = 0;

    explicit probe(int v = 0) : value{v} { ++alive; }
    probe(probe const& other) : value{other.value}
    {
        if (copies_left-- == 0) throw std::runtime_error{"no more copies"};
        ++alive;
    }
    probe(probe&& other) noexcept : value{std::exchange(other.value, -1)} { ++alive; }
    probe& operator=(probe const&) = default;
    probe& operator=(probe&& other) noexcept
    {
        value = std::exchange(other.value, -1);
        return *this;
    }
    ~probe() { --alive; }

    int value;
};

struct alignas(64) widely_aligned {
    int value{0};
};

std::string words_of(many<std::string> const& all)
{
    std::string text;
    for (std::string const& each : all) text += each + ' ';
    return text;
}

// What lies in a snapshot, or is copied from a signal handler, stays bytes.
static_assert(std::is_trivially_copyable_v<maybe<int>> && std::is_trivially_destructible_v<maybe<int>>);
static_assert(std::is_trivially_copyable_v<view<int>> && std::is_trivially_copyable_v<fixed<int, 3>>);
static_assert(std::is_nothrow_move_constructible_v<many<std::string>>);
static_assert(std::is_nothrow_move_constructible_v<maybe<std::string>>);
static_assert(!std::is_copy_constructible_v<owned<int>> && std::is_nothrow_move_assignable_v<owned<int>>);
static_assert(fixed{1, 2, 3}.size() == 3 && fixed{1, 2, 3} == fixed<int, 3>{1, 2, 3});
static_assert(*maybe<int>{3} == 3 && maybe<int>{} == maybe<int>{nothing} && !(maybe<int>{3} == maybe<int>{}));

}  // namespace

TEST_CASE("many grows, shrinks, and keeps its elements in order", "[containers][portable]")
{
    many<std::string> all;
    CHECK(all.empty());
    for (int i = 0; i < 100; ++i) all.push_back("a long string, which lies elsewhere: " + std::to_string(i));
    REQUIRE(all.size() == 100);
    CHECK(all[0].ends_with(" 0"));
    CHECK(all[57].ends_with(" 57"));
    CHECK(all.back().ends_with(" 99"));
    all.resize(2);
    all.pop_back();
    auto const capacity = all.capacity();
    all.clear();
    CHECK((all.empty() && all.capacity() == capacity));
    all.resize(3);
    CHECK(words_of(all) == "   ");
    all.assign(many<std::string>{"x", "y"});
    all.append(std::vector<std::string>{"z"});
    CHECK(words_of(all) == "x y z ");
    CHECK(words_of(many<std::string>{view{all}.first(1)}) == "x ");
}

TEST_CASE("many takes one of its own elements, and itself", "[containers][portable]")
{
    many<std::string> all{"one that is too long to lie inside of the string"};
    while (all.size() < all.capacity()) all.push_back(all[0]);
    all.push_back(all[0]);
    CHECK(all.back() == all[0]);
    auto const size = all.size();
    auto& same = all;
    all = same;
    CHECK(all.size() == size);
    all = std::move(same);
    CHECK(all.size() == size);  // NOLINT(bugprone-use-after-move)
    auto const moved = std::move(all);
    CHECK((moved.size() == size && all.empty()));  // NOLINT(bugprone-use-after-move)
    all = moved;
    CHECK(all.back() == moved.back());
}

TEST_CASE("many holds what only moves, and what is aligned widely", "[containers][portable]")
{
    many<owned<int>> pointers;
    for (int i = 0; i < 10; ++i) pointers.push_back(make_owned<int>(i));
    many<many<owned<int>>> nested;
    nested.push_back(std::move(pointers));
    nested.emplace_back();
    REQUIRE(nested[0].size() == 10);
    CHECK(*nested[0][9] == 9);

    many<widely_aligned> all;
    for (int i = 0; i < 20; ++i) all.push_back(widely_aligned{i});
    CHECK(reinterpret_cast<std::uintptr_t>(all.data()) % alignof(widely_aligned) == 0);
    CHECK(all[19].value == 19);
}

TEST_CASE("a copy that throws leaks nothing, and leaves what was there", "[containers][portable]")
{
    probe::copies_left = 1000;
    {
        many<probe> all;
        for (int i = 0; i < 5; ++i) all.emplace_back(i);
        CHECK(probe::alive == 5);

        probe::copies_left = 3;
        CHECK_THROWS(many<probe>{all});
        CHECK(probe::alive == 5);

        probe::copies_left = 0;
        probe const one{7};
        CHECK_THROWS(all.push_back(one));
        CHECK((all.size() == 5 && all.back().value == 4));

        many<probe> other;
        other.emplace_back(9);
        probe::copies_left = 2;
        CHECK_THROWS(other.append(all));
        CHECK((other.size() == 3 && other[0].value == 9));
        CHECK(probe::alive == 5 + 1 + 3);
    }
    CHECK(probe::alive == 0);
}

TEST_CASE("maybe holds a value or nothing", "[containers][portable]")
{
    maybe<std::string> text;
    CHECK(!text);
    CHECK(text.value_or("other") == "other");
    text = std::string{"some"};
    REQUIRE(text.has_value());
    CHECK((text == "some" && text->size() == 4));
    maybe<std::string> const copy = text;
    auto& same = text;
    text = same;
    CHECK(text == copy);
    text = nothing;
    CHECK(!(text == copy));
    text.emplace(3U, 'x');
    text.reset();
    CHECK(text == maybe<std::string>{});

    {
        probe::copies_left = 0;
        maybe<probe> held{probe{1}};
        CHECK_THROWS(maybe<probe>{held});
        CHECK(held->value == 1);
        held = {};
        CHECK(!held);
    }
    CHECK(probe::alive == 0);

    maybe<owned<int>> only_moves{make_owned<int>(5)};
    owned<int> const taken = *std::move(only_moves);
    CHECK(*taken == 5);
}

TEST_CASE("one_of is of one type at a time", "[containers][portable]")
{
    struct off {};
    struct low {
        owned<probe> one;
    };
    struct high {
        int value{7};
    };
    using level = one_of<off, low, high>;
    level l;
    CHECK(l.is<off>());
    CHECK(l.get_if<low>() == nullptr);
    l = low{make_owned<probe>(3)};
    REQUIRE(l.get_if<low>() != nullptr);
    CHECK(l.get_if<low>()->one->value == 3);
    CHECK_FALSE(l.is<off>());
    CHECK_FALSE(l.is<high>());
    level taken{std::move(l)};
    CHECK(taken.get_if<low>()->one->value == 3);
    CHECK(probe::alive == 1);
    taken = high{};
    CHECK(probe::alive == 0);
    CHECK(std::as_const(taken).get_if<high>()->value == 7);
    CHECK(std::as_const(taken).get_if<low>() == nullptr);
    static_assert(sizeof(one_of<off, high>) == 2 * sizeof(std::size_t));
}

TEST_CASE("owned deletes what it owns, once", "[containers][portable]")
{
    {
        owned<probe> one{new probe{1}};
        owned<probe> other = std::move(one);
        CHECK((one == nullptr && other->value == 1));  // NOLINT(bugprone-use-after-move)
        auto& same = other;
        other = std::move(same);
        CHECK(probe::alive == 1);
        one = make_owned<probe>(2);
        one = std::move(other);
        CHECK((probe::alive == 1 && one->value == 1));
        probe* const released = one.release();
        CHECK(!one);
        one.reset(released);
        one.reset();
        CHECK(probe::alive == 0);
    }
    malloced const none{nullptr};
    CHECK(none.get() == nullptr);
}

TEST_CASE("a view is of whatever keeps its elements in a row", "[containers][portable]")
{
    std::vector<int> numbers{1, 2, 3, 4};
    view const all{numbers};
    static_assert(std::is_same_v<decltype(all), view<int> const>);
    all.first(2)[1] = 7;
    CHECK(numbers[1] == 7);
    view<int const> const rest = all.subspan(2);
    CHECK((rest.size() == 2 && rest[0] == 3 && rest[1] == 4));
    CHECK(view{numbers.data(), 1}.size() == 1);
    CHECK(all.subspan(4).empty());
}

TEST_CASE("values are found by their numbers, and stay where they are", "[containers][portable]")
{
    by_number<std::string> all;
    CHECK(all.find(0) == nullptr);
    std::string const* const first = &all.add(0, "zero");
    // As addresses of code are: far from even.
    for (std::uint64_t i = 1; i < 2000; ++i) all.add(i << 20U, std::to_string(i));
    all[~std::uint64_t{0}] = "last";
    CHECK(all.find(0) == first);
    std::size_t wrong = 0;
    for (std::uint64_t i = 1; i < 2000; ++i) {
        std::string const* const found = all.find(i << 20U);
        if (found == nullptr || *found != std::to_string(i)) ++wrong;
    }
    CHECK(wrong == 0);
    CHECK(all[~std::uint64_t{0}] == "last");
    CHECK(all.find(5) == nullptr);
    all.clear();
    CHECK(all.find(0) == nullptr);
    CHECK(all[0].empty());
}
