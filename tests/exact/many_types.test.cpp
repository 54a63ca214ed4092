// SPDX-License-Identifier: BSL-1.0

// Takes all numbers that there are for types, so it has a program of its own.

#include "exact/written_down.hpp"
#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace {

template <std::size_t N>
struct operation : exact::tracked {};

template <std::size_t N>
std::uint32_t type_that_is_written_down()
{
    operation<N> one;
    exact::completion const here{one};
    return innermost().type.load();
}

template <std::size_t... N>
std::vector<std::uint32_t> types_that_are_written_down(std::index_sequence<N...>)
{
    return {type_that_is_written_down<N>()...};
}

}  // namespace

TEST_CASE("types beyond the last have no names, and are counted together")
{
    constexpr std::size_t many = exact::most_types + 100;
    auto const first = types_that_are_written_down(std::make_index_sequence<many>{});
    CHECK(depth() == 0);
    std::set<std::uint32_t> named;
    std::uint64_t without_name = 0;
    for (auto const type : first) {
        REQUIRE(type < exact::most_types);
        if (type == 0)
            ++without_name;
        else
            named.insert(type);
    }
    CHECK(named.size() == exact::most_types - 1);
    CHECK(without_name == many - named.size());
    for (auto const type : named) CHECK_THAT(std::string{type_name(type)}, contains("operation"));
    CHECK(type_name(0).empty());
    CHECK(exact::mine->counts[0].load() == without_name);

    auto const second = types_that_are_written_down(std::make_index_sequence<many>{});
    CHECK(second == first);
    CHECK(exact::mine->counts[0].load() == 2 * without_name);
    CHECK(exact::state.types.load() == exact::most_types - 1);

    net::io_context context;
    int runs = 0;
    net::post(context, [&] {
        ++runs;
        CHECK(depth() == 1);
        CHECK(innermost().type.load() == 0);
    });
    context.run();
    CHECK(runs == 1);
}
