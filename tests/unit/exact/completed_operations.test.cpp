// SPDX-License-Identifier: BSL-1.0
#include "loopwatch/impl/exact/completed_operations.hpp"

#include "support/catch.hpp"

#include <initializer_list>
#include <string>

using loopwatch::detail::completed_operations;
using loopwatch::detail::which_asio;

namespace {

#define RUNS(operation) ("_ZN4asio6detail" operation "11do_completeEPvPNS0_19scheduler_operationERKSt10error_codem")
#define NUMBER(operation) "_ZN9loopwatch8exact_v15exact9number_ofIN4asio6detail" operation "EEE"

constexpr auto timer = RUNS("12wait_handlerIZ4mainEUlRKT_E0_NS_15any_io_executorEE");
constexpr auto timers_name = "_ZTSN4asio6detail12wait_handlerIZ4mainEUlRKT_E0_NS_15any_io_executorEEE";
constexpr auto timers_number = NUMBER("12wait_handlerIZ4mainEUlRKT_E0_NS3_15any_io_executorEE");
constexpr auto post =
    "_ZN4asio6detail11executor_opINS0_7binder0IZ4mainEUlvE_EESaIvENS0_19scheduler_operationEE"
    "11do_completeEPvPS6_RKSt10error_codem";
constexpr auto posts_number = NUMBER("11executor_opINS4_7binder0IZ4mainEUlvE_EESaIvENS4_19scheduler_operationEE");

std::string untracked_among(std::initializer_list<char const*> symbols)
{
    completed_operations all;
    for (auto const each : symbols) all.add(each);
    return all.untracked();
}

}  // namespace

TEST_CASE("an operation that is completed and tracked is no matter")
{
    CHECK(untracked_among({timer, timers_name, timers_number}).empty());
    CHECK(untracked_among({timers_number, timers_name, timer}).empty());
    CHECK(untracked_among({timer, timers_name, posts_number, post}).empty());
}

TEST_CASE("without RTTI there are numbers alone")
{
    CHECK(untracked_among({timer, post, timers_number, posts_number}).empty());
}

TEST_CASE("one that is completed and not tracked, though others are, is named")
{
    auto const found = untracked_among({post, posts_number, timer});
    INFO(found);
    CHECK(found.starts_with("asio::detail::wait_handler<main::{lambda("));
    CHECK(found.ends_with(", asio::any_io_executor>"));
}

TEST_CASE("where nothing is tracked, nothing must be")
{
    CHECK(untracked_among({timer, post}).empty());
    completed_operations all;
    all.add(timer);
    all.note_tracked(which_asio::boost);
    CHECK(all.untracked().empty());
    all.note_tracked(which_asio::standalone);
    CHECK_FALSE(all.untracked().empty());
}

TEST_CASE("the two Asios are judged by themselves")
{
    constexpr auto of_boost =
        "_ZN5boost4asio6detail12wait_handlerIZ4mainEUliE_NS0_15any_io_executorEE"
        "11do_completeEPvPNS1_19scheduler_operationERKNS_6system10error_codeEm";
    CHECK(untracked_among({of_boost, post, posts_number}).empty());
    CHECK_FALSE(untracked_among({of_boost,
                                 "_ZN9loopwatch8exact_v15exact9number_ofIN5boost4asio6detail12wait_"
                                 "handlerIZ4mainEUlvE_NS4_15any_io_executorEEEEE"})
                    .empty());
}

TEST_CASE("compilers' suffixes, and newer Asios' inline namespaces, do not hide an operation")
{
    CHECK(untracked_among({"_ZN4asio6detail12wait_handlerIZ4mainEUliE_NS_15any_io_executorEE11do_completeEPvPNS0_.cold",
                           NUMBER("12wait_handlerIZ4mainEUliE_NS3_15any_io_executorEE") ".lto_priv.0"})
              .empty());
    CHECK_FALSE(untracked_among({posts_number,
                                 "_ZN4asio4v1_a6detail12wait_handlerIZ4mainEUliE_NS0_15any_io_"
                                 "executorEE11do_completeEPvPNS1_19scheduler_operationERKSt10error_codem"})
                    .empty());
}

TEST_CASE("other functions and classes are no operations")
{
    CHECK(untracked_among({posts_number, RUNS("14strand_service"), RUNS("9my_own_opIiE"),
                           "_ZN4asio6detail12wait_handlerI1fNS_15any_io_executorEE3ptr5resetEv",
                           "_ZN9loopwatch6detail14untracked_beatINS0_10asio_namesEE11do_completeEPvPN4asio", "_ZN",
                           "_ZN999999999999999999999a", "_ZN4asio", "_ZTSN", "main", ""})
              .empty());
}
