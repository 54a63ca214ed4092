// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/named_blocks.hpp"

#include <loopwatch/impl/analysis/handler_names.hpp>

#if LOOPWATCH_HAS_UNWINDER()
#include <cstdint>

#include <loopwatch/detail/exact/completion.hpp>

namespace handler_names_test {

namespace exact = loopwatch::exact;
using namespace loopwatch::detail;

TEST_CASE("a type that has no number has no name", "[handler_names]")
{
    handler_names names;
    CHECK(names.of(0).handler.empty());
    CHECK(names.of(exact::most_types - 1).handler.empty());
    CHECK(names.of(exact::most_types).handler.empty());
    CHECK(names.of(~std::uint32_t{0}).handler.empty());
}

TEST_CASE("handlers have the names of their types' numbers", "[handler_names]")
{
    exact::cell<std::uint32_t> first{0};
    exact::cell<std::uint32_t> second{0};
    named_block block;
    block.handler.type = exact::enter_type(first, "N4asio6detail11executor_opIN3app5firstEvvEE");
    block.ran[0].type = exact::enter_type(second, "N4asio6detail12wait_handlerIN3app6secondEvEE");
    block.ran[1].type = 0;
    block.ran_types = 2;
    handler_names names;
    name_handlers(block, names);
    CHECK(block.handler_type.handler.empty());  // nothing was read of it
    REQUIRE(block.ran_as.size() == 2);
    CHECK(block.ran_as[0].handler == "app::second");
    CHECK(block.ran_as[0].operation == "async_wait");
    CHECK(block.ran_as[1].handler.empty());

    block.handler.known = true;
    block.ran_types = 0;
    name_handlers(block, names);
    CHECK(block.handler_type.handler == "app::first");
    CHECK(names.of(block.handler.type).operation == "post");
}

}  // namespace handler_names_test
#endif
