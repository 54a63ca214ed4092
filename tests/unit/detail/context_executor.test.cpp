// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/loop/executor_name.hpp>

using loopwatch::detail::names_context_executor;
using loopwatch::detail::names_strand_of_context;

TEST_CASE("a context's own executor is told by its name", "[idle]")
{
    CHECK(names_context_executor("N4asio10io_context19basic_executor_typeISaIvELm0EEE"));
    CHECK(names_context_executor("N5boost4asio10io_context19basic_executor_typeISaIvELj4EEE"));
    CHECK(names_context_executor("N4asio11thread_pool19basic_executor_typeISaIvELj0EEE"));
    CHECK(names_context_executor("N4asio7v1_36_010io_context19basic_executor_typeISaIvELm0EEE"));
}

TEST_CASE("and nothing else is taken for one", "[idle]")
{
    CHECK_FALSE(names_context_executor("N4asio6strandINS_10io_context19basic_executor_typeISaIvELm0EEEEE"));
    CHECK_FALSE(names_context_executor("N5boost4asio6strandINS0_10io_context19basic_executor_typeISaIvELj0EEEEE"));
    CHECK_FALSE(names_context_executor("N4asio15any_io_executorE"));
    CHECK_FALSE(names_context_executor("N4asio21basic_system_executorINS_9execution6detail8blockingEE"));
    CHECK_FALSE(names_context_executor("N4user10io_context19basic_executor_typeIvEE"));
    CHECK_FALSE(names_context_executor("N4user4asio10io_context19basic_executor_typeIvEE"));
    CHECK_FALSE(names_context_executor("N5boost10io_context19basic_executor_typeIvEE"));
    CHECK_FALSE(names_context_executor("N4asio4user19basic_executor_typeIvEE"));
    CHECK_FALSE(names_context_executor("N4user7wrapperIN4asio10io_context19basic_executor_typeISaIvELm0EEEEE"));
    CHECK_FALSE(names_context_executor("N4asio10io_context19basic_executor_type"));
    CHECK_FALSE(names_context_executor("N4asio99999999999999999999999io_contextE"));
    CHECK_FALSE(names_context_executor("N4asio"));
    CHECK_FALSE(names_context_executor("i"));
    CHECK_FALSE(names_context_executor(""));
}

TEST_CASE("a strand of a context's own executor is told by its name", "[courier]")
{
    CHECK(names_strand_of_context("N4asio6strandINS_10io_context19basic_executor_typeISaIvELm0EEEEE"));
    CHECK(names_strand_of_context("N5boost4asio6strandINS0_11thread_pool19basic_executor_typeISaIvELj0EEEEE"));
    CHECK(names_strand_of_context("N4asio10io_context6strandE"));
}

TEST_CASE("and no strand of anything else", "[courier]")
{
    CHECK_FALSE(names_strand_of_context("N4asio6strandI4mineE"));
    CHECK_FALSE(names_strand_of_context("N4asio6strandINS_15any_io_executorEEE"));
    CHECK_FALSE(names_strand_of_context("N4asio6strandIN4mine6strandEE"));
    CHECK_FALSE(names_strand_of_context("N4asio10io_context19basic_executor_typeISaIvELm0EEE"));
    CHECK_FALSE(names_strand_of_context(""));
}
