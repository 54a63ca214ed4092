// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/analysis/cause/handlers.hpp>

#include <chrono>
#include <utility>
#include <vector>

using namespace loopwatch;
using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

struct shape {
    char const* function;
    bool inlined = false;
};

std::vector<frame> calls_in(std::initializer_list<shape> functions)
{
    std::vector<frame> stack;
    for (shape const& f : functions) {
        frame& each = stack.emplace_back();
        each.function = f.function;
        each.inlined = f.inlined;
        each.module = "/home/me/app";
    }
    return stack;
}

// As at -O2: complete() is inlined into do_run_one(), which is inlined into run().
std::vector<frame> const optimized = calls_in({{"user::inner()", true},
                                               {"user::work()"},
                                               {"asio::detail::executor_op<user::a>::do_complete(void*)"},
                                               {"asio::detail::scheduler_operation::complete(void*)", true},
                                               {"asio::detail::scheduler::do_run_one()", true},
                                               {"asio::detail::scheduler::run()"},
                                               {"main"}});
std::vector<frame> const plain = calls_in({{"user::work()"},
                                           {"asio::detail::executor_op<user::a>::do_complete(void*)"},
                                           {"asio::detail::scheduler_operation::complete(void*)"},
                                           {"asio::detail::scheduler::do_run_one()"},
                                           {"asio::detail::scheduler::run()"},
                                           {"main"}});

// Each physical frame i: registers 10 i + 1, 10 i + 2, ..., memory 1000 + i.
snapshot with_marks(std::size_t size)
{
    snapshot s{};
    s.size = size;
    for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t r = 0; r < 6; ++r) s.marks[i].registers[r] = static_cast<std::uint16_t>(10 * i + r + 1);
        s.contents[i] = static_cast<std::uint32_t>(1000 + i);
    }
    return s;
}

handler_seen of(std::vector<frame> const& stack, snapshot const& s) { return handler_in(stack, position::handler, s); }

/// Looks at two handlers of one type, and at the time between them.
struct two_handlers {
    two_handlers() { b.memory = 7; }
    handler_seen const a{of(plain, with_marks(6))};
    handler_seen b{a};
    handler_seen const between{.known = true, .between = true, .function = {}, .caller = {}};
};

}  // namespace

TEST_CASE("a handler is told by the frame that called it", "[handlers]")
{
    auto const seen = of(optimized, with_marks(4));
    CHECK(seen.known);
    CHECK(seen.function == optimized[2].function);
    CHECK(seen.caller.registers[0] == 21);  // of run(), the third frame of its own

    SECTION("the memory of a function that changes its variables meanwhile says nothing") { CHECK(seen.memory == 0); }
    SECTION("that of one which only waits for the handler does") { CHECK(of(plain, with_marks(6)).memory == 1002); }
}

TEST_CASE("a handler is told without names where it is known which frame called it", "[handlers]")
{
    auto stripped = plain;
    for (frame& f : stripped) f.function.clear();
    auto s = with_marks(6);
    s.where = standing::handler;
    s.inner_frames = 2;
    auto const seen = of(stripped, s);
    CHECK(seen.known);
    CHECK(seen.caller.registers[0] == 21);
    CHECK(seen.memory == 0);
    CHECK(of(plain, s).memory == 1002);
}

TEST_CASE("a nested run belongs to the handler around it", "[handlers]")
{
    auto nested = calls_in({{"user::inner()"},
                            {"asio::detail::executor_op<user::b>::do_complete(void*)"},
                            {"asio::detail::scheduler::do_run_one()"}});
    nested.insert(nested.end(), plain.begin(), plain.end());
    auto const seen = of(nested, with_marks(9));
    CHECK(seen.function == plain[1].function);
    CHECK(seen.memory == 1005);
}

TEST_CASE("two samples are of two handlers only where that is certain", "[handlers]")
{
    auto const a = of(plain, with_marks(6));
    CHECK_FALSE(different(a, a));

    SECTION("another register")
    {
        auto marks = with_marks(6);
        marks.marks[2].registers[3] = 9;
        CHECK(different(a, of(plain, marks)));
        marks.marks[2].registers[3] = 0;
        CHECK_FALSE(different(a, of(plain, marks)));
    }
    SECTION("further in and further out nothing counts")
    {
        auto marks = with_marks(6);
        marks.marks[1].registers[3] = 9;
        marks.contents[1] = 9;
        marks.contents[3] = 9;
        CHECK_FALSE(different(a, of(plain, marks)));
    }
    SECTION("other memory")
    {
        auto marks = with_marks(6);
        marks.contents[2] = 9;
        CHECK(different(a, of(plain, marks)));
        marks.contents[2] = 0;
        CHECK_FALSE(different(a, of(plain, marks)));
    }
    SECTION("another type of handler")
    {
        auto other = plain;
        other[1].function = "asio::detail::executor_op<user::b>::do_complete(void*)";
        CHECK(different(a, of(other, with_marks(6))));
    }
    SECTION("a stack that does not tell")
    {
        CHECK_FALSE(different(a, handler_in(plain, position::unknown, with_marks(6))));
    }
    SECTION("between two of them") { CHECK(different(a, handler_in(plain, position::parked, with_marks(6)))); }
}

TEST_CASE_METHOD(two_handlers, "handlers are counted by what changed from sample to sample", "[handlers]")
{
    std::vector<seen_when> const at{{10ms}, {12ms}, {16ms}, {22ms}};

    CHECK(count_handlers(std::vector{a, a, a, a}, at).count == 1);
    CHECK(count_handlers(std::vector{a, a, a, a}, at).longest == 12ms);
    CHECK(count_handlers(std::vector{a, b, a, b}, at).count == 4);
    CHECK(count_handlers(std::vector{a, b, b, b}, at).longest == 10ms);
    CHECK(count_handlers(std::vector{a, between, a, a}, at).count == 2);
    SECTION("one that others were seen before and after took no longer than between them")
    {
        constexpr auto unknown = nanoseconds::max();
        CHECK(count_handlers(std::vector{a, b, a, b}, at).briefest == 6ms);
        CHECK(count_handlers(std::vector{a, b, b, a}, at).briefest == 12ms);
        CHECK(count_handlers(std::vector{a, between, a, b}, at).briefest == 10ms);
        CHECK(count_handlers(std::vector{a, a, b, b}, at).briefest == unknown);
        CHECK(count_handlers(std::vector{a, between, between, b}, at).briefest == unknown);
    }
    CHECK(count_handlers({}, {}).count == 0);
}

TEST_CASE_METHOD(two_handlers, "the main handler is the first one, unless another was seen for longer", "[handlers]")
{
    std::vector<seen_when> const at{{10ms}, {12ms}, {16ms}, {42ms}};
    auto const main_of = [&](std::vector<handler_seen> const& seen) {
        auto const all = count_handlers(seen, at);
        return std::pair{all.main_from, all.main_to};
    };
    using samples = std::pair<std::size_t, std::size_t>;
    CHECK(main_of({a, a, a, a}) == samples{0, 4});
    CHECK(main_of({a, a, a, b}) == samples{0, 3});
    CHECK(main_of({a, b, b, a}) == samples{0, 1});
    CHECK(main_of({a, b, a, a}) == samples{2, 4});
    SECTION("the time between two is nobody's")
    {
        CHECK(main_of({a, b, between, between}) == samples{0, 1});
        CHECK(main_of({between, a, a, b}) == samples{1, 3});
    }
    CHECK(main_of({}) == samples{0, 0});
}
