// SPDX-License-Identifier: BSL-1.0
#include <loopwatch/detail/coroutine/layout_probe.hpp>
#include <loopwatch/impl/coroutine/awaitable_layouts.hpp>

#include <memory>

#include "support/catch.hpp"

using namespace loopwatch::detail;

namespace {

// Made as Asio's are, with the members in other places.
struct awaitable_like {
    void* frame;
};
struct thread_like {
    int before;
    virtual ~thread_like() = default;

protected:
    awaitable_like bottom_of_stack_;
};
template <typename Handle, typename Thread, typename Self>
struct base_like {
protected:
    long before;
    Self* caller_;
    Handle coro_;
    Thread attached_thread_;
};
struct base : base_like<std::coroutine_handle<>, thread_like*, base> {};
struct promise : base {
    double result;
};

struct renamed_member {
protected:
    std::coroutine_handle<> handle_;
    thread_like* attached_thread_;
    renamed_member* caller_;
};
struct handle_is_typed : base_like<std::coroutine_handle<promise>, thread_like*, handle_is_typed> {};
struct thread_is_shared : base_like<std::coroutine_handle<>, std::shared_ptr<thread_like>, thread_is_shared> {};
struct thread_without_bottom : base_like<std::coroutine_handle<>, awaitable_like*, thread_without_bottom> {};
struct unrelated_caller : base_like<std::coroutine_handle<>, thread_like*, base> {};
struct fat_awaitable_thread {
protected:
    struct fat {
        void* frame;
        int count;
    } bottom_of_stack_;
};
struct awaitable_grew : base_like<std::coroutine_handle<>, fat_awaitable_thread*, awaitable_grew> {};

static_assert(awaitable_layout_of<promise>() == awaitable_layout{24 - 8, 24, 8, 16});
static_assert(!awaitable_layout_of<renamed_member>());
static_assert(!awaitable_layout_of<handle_is_typed>());
static_assert(!awaitable_layout_of<thread_is_shared>());
static_assert(!awaitable_layout_of<thread_without_bottom>());
static_assert(!awaitable_layout_of<unrelated_caller>());
static_assert(!awaitable_layout_of<awaitable_grew>());

}  // namespace

TEST_CASE("layouts: one that is told of twice is one")
{
    awaitable_layouts table;
    CHECK(table.known().size == 0);
    awaitable_layout const first{0, 8, 16, 0};
    awaitable_layout const second{8, 0, 16, 65535};
    CHECK(table.add(first));
    CHECK(table.add(second));
    CHECK(table.add(first));
    auto const known = table.known();
    REQUIRE(known.size == 2);
    CHECK(known.items[0] == first);
    CHECK(known.items[1] == second);
}

TEST_CASE("layouts: a full table says so, and still knows the ones in it")
{
    awaitable_layouts table;
    for (std::uint16_t i = 0; i < awaitable_layouts::max; ++i) CHECK(table.add({i, 8, 16, 0}));
    CHECK_FALSE(table.add({99, 8, 16, 0}));
    CHECK(table.add({1, 8, 16, 0}));
    CHECK(table.known().size == awaitable_layouts::max);
}
