// SPDX-License-Identifier: BSL-1.0
#include "coroutine/support/self_capture.hpp"

#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "support/catch.hpp"
#if !LOOPWATCH_TEST_BOOST_ASIO
#include <asio/experimental/awaitable_operators.hpp>
#endif

using namespace std::chrono_literals;

namespace {

// --- what the coroutines do ---

std::vector<std::string> found;
std::vector<std::uintptr_t> planted;  // pointers that lie about on a stack

/// Blocks, on a stack on which the planted pointers lie.
[[gnu::noinline]] int block(int depth = 6)
{
    std::uintptr_t volatile litter[64];
    for (std::size_t i = 0; i < 64; ++i) litter[i] = planted.empty() ? 0 : planted[i % planted.size()];
    if (depth > 0) return block(depth - 1) + static_cast<int>(litter[0] & 1);
    found.push_back(chain_here());
    return static_cast<int>(litter[1] & 1);
}

using thread_of_asio = net::detail::awaitable_thread<net::any_io_executor>;

/// co_await it to leave the addresses of the running coroutine for later. (It is resumed at once.)
auto plant_this_coroutine()
{
    return [](auto* promise) -> thread_of_asio* {
        auto const address = reinterpret_cast<std::uintptr_t>(promise);
        planted.push_back(address);
        planted.push_back(address - 16);
        return nullptr;
    };
}

net::awaitable<void> pause_for(std::chrono::milliseconds time = 1ms)
{
    net::steady_timer timer{co_await net::this_coro::executor, time};
    co_await timer.async_wait(net::use_awaitable);
}

net::awaitable<int> upload()
{
    co_await plant_this_coroutine();
    int const n = block();
    co_return n + 1;
}

net::awaitable<int> ingest(bool pause_first)
{
    co_await plant_this_coroutine();
    if (pause_first) co_await pause_for();
    std::string const text = "something that is destroyed";
    int const n = co_await upload();
    co_return n + static_cast<int>(text.size());
}

net::awaitable<void> session(bool pause_first)
{
    co_await plant_this_coroutine();
    int const n = co_await ingest(pause_first);
    if (n == 0) found.push_back("?");
}

template <typename... Awaitables>
void run(Awaitables... awaitables)
{
    net::io_context loop;
    found.clear();
    planted.clear();
    (net::co_spawn(loop, std::move(awaitables), net::detached), ...);
    loop.run();
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LOCALS_ARE_ELSEWHERE true  // clang's address sanitizer keeps local variables off the stack
#endif
#endif
#ifndef LOCALS_ARE_ELSEWHERE
#define LOCALS_ARE_ELSEWHERE false
#endif
constexpr bool locals_are_elsewhere = LOCALS_ARE_ELSEWHERE;

using names = std::vector<std::string>;

/// Handlers of coroutines that wait until somebody calls them: kept on the heap, and called there.
struct parked {
    struct base {
        virtual ~base() = default;
        virtual void call() = 0;
    };
    std::vector<std::unique_ptr<base>> handlers;

    net::awaitable<void> wait()
    {
        return net::async_initiate<net::use_awaitable_t<> const, void()>(
            [this](auto handler) {
                struct one : base {
                    explicit one(decltype(handler) h) : kept{std::move(h)} {}
                    void call() override { kept(); }
                    decltype(handler) kept;
                };
                handlers.push_back(std::make_unique<one>(std::move(handler)));
            },
            net::use_awaitable);
    }
    void resume_one()
    {
        auto one = std::move(handlers.front());
        handlers.erase(handlers.begin());
        one->call();
    }
};

}  // namespace

TEST_CASE("the layout of this Asio is known")
{
    auto const layouts = loopwatch::detail::process_awaitable_layouts.known();
    REQUIRE(layouts.size == 1);
}

TEST_CASE("a coroutine that was never suspended, and one that was")
{
    run(session(false));
    CHECK(found == names{"upload <- ingest <- session <- co_spawn_entry_point"});
    run(session(true));
    CHECK(found == names{"upload <- ingest <- session <- co_spawn_entry_point"});
}

TEST_CASE("a plain handler has no chain, whatever lies on its stack")
{
    net::io_context loop;
    found.clear();
    planted.clear();
    SECTION("after coroutines that have ended")
    {
        net::co_spawn(loop, session(true), net::detached);
        loop.run();
        loop.restart();
        CHECK(planted.size() >= 6);
        net::post(loop, [] { block(); });
        loop.run();
        CHECK(found.at(1) == "none");
    }
    SECTION("beside coroutines that are suspended")
    {
        auto const waits = []() -> net::awaitable<void> {
            co_await plant_this_coroutine();
            co_await pause_for(20ms);
        };
        net::co_spawn(loop, waits(), net::detached);
        net::post(loop, [&] { net::post(loop, [] { block(); }); });
        loop.run();
        CHECK(planted.size() == 2);
        CHECK(found == names{"none"});
    }
}

namespace {
net::awaitable<int> nothing()
{
    co_await plant_this_coroutine();
    co_return 1;
}
net::awaitable<void> after_another()
{
    int const n = co_await nothing();
    block();
    if (n == 0) co_await pause_for();
}
}  // namespace

TEST_CASE("a coroutine that has just ended is not the running one")
{
    run(after_another());
    CHECK(found == names{"after_another <- co_spawn_entry_point"});
}

namespace {
template <int Number>
net::awaitable<void> path(parked& door)
{
    co_await plant_this_coroutine();
    co_await door.wait();
    co_await upload();
}
net::awaitable<void> first_session(parked& door)
{
    co_await plant_this_coroutine();
    co_await path<1>(door);
}
net::awaitable<void> second_session(parked& door)
{
    co_await plant_this_coroutine();
    co_await path<2>(door);
}
net::awaitable<void> opener(parked& door)
{
    while (!door.handlers.empty()) {
        co_await pause_for();
        net::post(co_await net::this_coro::executor, [&door] { door.resume_one(); });
        co_await pause_for();
    }
}
}  // namespace

TEST_CASE("sessions that interleave, on the functions of each other, are told apart")
{
    parked door;
    run(first_session(door), second_session(door), session(true), opener(door));
    REQUIRE(found.size() == 3);
    std::sort(found.begin(), found.end());
    CHECK(found[0] == "upload <- ingest <- session <- co_spawn_entry_point");
    CHECK(found[1] == "upload <- path <- first_session <- co_spawn_entry_point");
    CHECK(found[2] == "upload <- path <- second_session <- co_spawn_entry_point");
}

namespace {
net::awaitable<void> child()
{
    co_await plant_this_coroutine();
    block();
}
net::awaitable<void> parent()
{
    co_await plant_this_coroutine();
    net::co_spawn(co_await net::this_coro::executor, child(), net::detached);
    block();
}
net::awaitable<void> waiting_parent()
{
    co_await plant_this_coroutine();
    co_await net::co_spawn(co_await net::this_coro::executor, child(), net::use_awaitable);
    block();
}
net::awaitable<void> nested(int depth)
{
    co_await plant_this_coroutine();
    if (depth > 0) net::co_spawn(co_await net::this_coro::executor, nested(depth - 1), net::detached);
    block();
}
}  // namespace

TEST_CASE("a nested co_spawn has a chain of its own")
{
    run(parent());
    std::sort(found.begin(), found.end());
    CHECK(found == names{"child <- co_spawn_entry_point", "parent <- co_spawn_entry_point"});
    run(waiting_parent());
    CHECK(found == names{"child <- co_spawn_entry_point", "waiting_parent <- co_spawn_entry_point"});
}

TEST_CASE("one function, nested within itself by co_spawn")
{
    run(nested(4));
    REQUIRE(found.size() == 5);
    for (auto const& chain : found)
        CHECK((chain == "nested <- co_spawn_entry_point" || (locals_are_elsewhere && chain == "none")));
}

namespace {
net::awaitable<void> inner(parked& door)
{
    co_await plant_this_coroutine();
    co_await door.wait();
    block();
}
net::awaitable<void> inner_session(parked& door) { co_await inner(door); }
net::awaitable<void> outer(parked& door)
{
    co_await pause_for();
    co_await plant_this_coroutine();
    door.resume_one();
    block();
}
net::awaitable<void> outer_session(parked& door) { co_await outer(door); }
net::awaitable<void> same_within(parked& door)
{
    co_await plant_this_coroutine();
    if (door.handlers.empty())
        co_await door.wait();
    else
        door.resume_one();
    block();
}
}  // namespace

TEST_CASE("a coroutine that is resumed inside another")
{
    parked door;
    run(inner_session(door), outer_session(door));
    CHECK(found ==
          names{"inner <- inner_session <- co_spawn_entry_point", "outer <- outer_session <- co_spawn_entry_point"});
}

TEST_CASE("one that is resumed inside another of the same function, its handler on the heap: the right one or none")
{
    parked door;
    run(same_within(door), same_within(door));
    REQUIRE(found.size() == 2);
    CHECK((found[0] == "none" || found[0] == "same_within <- co_spawn_entry_point"));
    CHECK(found[1] == "same_within <- co_spawn_entry_point");
}

namespace {
net::awaitable<int> recursive(int depth)
{
    co_await plant_this_coroutine();
    int n = 1;
    if (depth > 0) n += co_await recursive(depth - 1);
    if (depth % 2 == 0) block(2);
    co_return n;
}
net::awaitable<void> recursive_session(int depth) { co_await recursive(depth); }
std::string recursion(int awaiters)
{
    std::string text = "recursive";
    for (int i = 0; i < awaiters; ++i) text += " <- recursive";
    return text + " <- recursive_session <- co_spawn_entry_point";
}
}  // namespace

TEST_CASE("a recursive coroutine: the frame that runs, not another of its function")
{
    run(recursive_session(4));
    CHECK(found == names{recursion(4), recursion(2), recursion(0)});
}

TEST_CASE("a very deep recursion is cut, and still proved")
{
    net::io_context loop;
    found.clear();
    net::co_spawn(loop, recursive_session(300), net::detached);
    loop.run();
    REQUIRE(found.size() == 151);
    CHECK(found.front().ends_with(" <- recursive <- ..."));
    CHECK(found.back() == recursion(0));
}

#if !LOOPWATCH_TEST_BOOST_ASIO
namespace {
using namespace net::experimental::awaitable_operators;
net::awaitable<void> quick()
{
    co_await pause_for();
    block();
}
net::awaitable<void> slow()
{
    co_await plant_this_coroutine();
    co_await pause_for(20ms);
}
net::awaitable<void> either()
{
    co_await (slow() || quick());
    block();
}
net::awaitable<void> both()
{
    co_await (slow() && quick());
    block();
}
}  // namespace

TEST_CASE("awaitable operators: each side has a chain of its own")
{
    run(either());
    CHECK(found == names{"quick <- co_spawn_entry_point", "either <- co_spawn_entry_point"});
    run(both());
    CHECK(found == names{"quick <- co_spawn_entry_point", "both <- co_spawn_entry_point"});
}
#endif

namespace {
net::awaitable<void> catches()
{
    co_await plant_this_coroutine();
    bool caught = false;
    try {
        co_await pause_for();
        throw std::runtime_error{"caught at once"};
    } catch (std::exception const&) {
        block();
        caught = true;
    }
    if (!caught) co_await pause_for();
}
struct blocks_at_end {
    int n{1};
    ~blocks_at_end() { n = block(); }
};
net::awaitable<void> unwinds()
{
    blocks_at_end const local;
    co_await pause_for();
    throw std::runtime_error{"passes the destructor"};
}
net::awaitable<void> catching_session() { co_await catches(); }
net::awaitable<void> unwinding_session()
{
    try {
        co_await unwinds();
    } catch (std::runtime_error const&) {
    }
}
net::awaitable<void> takes(std::shared_ptr<blocks_at_end>, int n)
{
    co_await pause_for();
    if (n == 0) co_await pause_for();
}
net::awaitable<void> gives() { co_await takes(std::make_shared<blocks_at_end>(), 1); }
}  // namespace

TEST_CASE("blocked in a catch block, and in a destructor that an exception passes")
{
    run(catching_session());
    CHECK(found == names{"catches <- catching_session <- co_spawn_entry_point"});
    run(unwinding_session());
    CHECK(found == names{"unwinds <- unwinding_session <- co_spawn_entry_point"});
}

TEST_CASE("blocked in the destructor of a coroutine's parameter, after its end: the awaiter runs, or none")
{
    run(gives());
    REQUIRE(found.size() == 1);
    CHECK((found[0] == "gives <- co_spawn_entry_point" || found[0] == "none" ||
           found[0] == "takes <- gives <- co_spawn_entry_point"));
    WARN("parameter's destructor: " << found[0]);
}

namespace {
struct generator {
    struct promise_type {
        int value{0};
        generator get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        std::suspend_always yield_value(int v)
        {
            value = v;
            return {};
        }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> handle;
};
generator numbers()
{
    co_yield block();
    co_yield 2;
}
net::awaitable<void> counts()
{
    auto g = numbers();
    g.handle.resume();
    int const n = g.handle.promise().value;
    g.handle.destroy();
    if (n == 77) co_await pause_for();
}
}  // namespace

TEST_CASE("a coroutine of another kind inside an awaitable: the awaitable's chain")
{
    run(counts());
    CHECK(found == names{"counts <- co_spawn_entry_point"});
}

namespace {
template <typename Executor>
net::awaitable<int, Executor> leaf_on()
{
    int const n = block();
    co_return n;
}
template <typename Executor>
net::awaitable<void, Executor> session_on()
{
    co_await leaf_on<Executor>();
}
struct alignas(64) wide {
    int n{7};
};
net::awaitable<wide> wide_leaf()
{
    block();
    co_return wide{};
}
net::awaitable<wide> wide_middle()
{
    wide const w = co_await wide_leaf();
    co_return w;
}
net::awaitable<void> wide_session()
{
    wide const w = co_await wide_middle();
    if (w.n == 0) found.push_back("?");
}
}  // namespace

TEST_CASE("other executors than the default one")
{
    net::io_context loop;
    found.clear();
    planted.clear();
    using plain = net::io_context::executor_type;
    using strand = net::strand<plain>;
    net::co_spawn(loop.get_executor(), session_on<plain>(), net::detached);
    net::co_spawn(strand{loop.get_executor()}, session_on<strand>(), net::detached);
    net::co_spawn(net::make_strand(loop), session_on<net::any_io_executor>(), net::detached);
    loop.run();
    net::thread_pool pool{1};
    net::co_spawn(pool, session_on<net::any_io_executor>(), net::detached);
    pool.join();
    CHECK(found == names(4, "leaf_on <- session_on <- co_spawn_entry_point"));
}

TEST_CASE("over-aligned results move the promise")
{
    run(wide_session());
    CHECK(found == names{"wide_leaf <- wide_middle <- wide_session <- co_spawn_entry_point"});
}

TEST_CASE("blocked while an operation is started: no chain, or that of the coroutine around it")
{
    net::io_context loop;
    found.clear();
    planted.clear();
    // The one that starts it is suspended already. Where nothing on the stack tells of it any more (clang -O1), the
    // chain is of the coroutine in which it was spawned, which does run on this stack, further out.
    auto const starts = []() -> net::awaitable<void> {
        co_await net::async_initiate<net::use_awaitable_t<> const, void()>(
            [](auto handler) {
                block();
                auto const executor = net::get_associated_executor(handler);
                net::post(executor, std::move(handler));
            },
            net::use_awaitable);
    };
    auto const spawns = [&]() -> net::awaitable<void> {
        net::co_spawn(co_await net::this_coro::executor, starts(), net::detached);
        co_await pause_for();
    };
    SECTION("alone")
    {
        net::co_spawn(loop, starts(), net::detached);
        loop.run();
        CHECK(found == names{"none"});
    }
    SECTION("inside another")
    {
        net::co_spawn(loop, spawns(), net::detached);
        loop.run();
        CHECK((found == names{"none"} || found == names{"lambda <- co_spawn_entry_point"}));
    }
}

namespace {
[[gnu::noinline]] int block_deep(int depth)
{
    char volatile room[1024];
    room[0] = static_cast<char>(depth);
    return depth > 0 ? block_deep(depth - 1) + room[0] : block();
}
net::awaitable<void> deep()
{
    co_await pause_for();
    block_deep(100);
}
net::awaitable<void> deep_session() { co_await deep(); }
}  // namespace

TEST_CASE("deeper than the copied stack: the chain or none")
{
    run(deep_session());
    REQUIRE(found.size() == 1);
    CHECK((found[0] == "none" || found[0] == "deep <- deep_session <- co_spawn_entry_point"));
    WARN("deep: " << found[0]);
}

namespace {
struct gate {
    std::mutex mutex;
    std::condition_variable changed;
    int step{0};
    void reach(int n)
    {
        std::lock_guard lock{mutex};
        step = n;
        changed.notify_all();
    }
    void await(int n)
    {
        std::unique_lock lock{mutex};
        changed.wait(lock, [&] { return step >= n; });
    }
};
std::uintptr_t thread_of_holder = 0;
net::awaitable<void> held(gate& g, bool holds)
{
    co_await plant_this_coroutine();
    if (holds) {
        // What a promise has after its handle is the thread that runs it.
        std::memcpy(&thread_of_holder, reinterpret_cast<void const*>(planted.front() + 8), sizeof thread_of_holder);
        g.reach(1);
        g.await(2);
    } else {
        block();
    }
}
net::awaitable<void> holder(gate& g) { co_await held(g, true); }
net::awaitable<void> blocker(gate& g) { co_await held(g, false); }
}  // namespace

TEST_CASE("a frame that runs on another thread is not taken for one of this")
{
    gate g;
    planted.clear();
    found.clear();
    net::io_context other;
    net::co_spawn(other, holder(g), net::detached);
    std::thread thread{[&] { other.run(); }};
    g.await(1);
    planted.push_back(thread_of_holder);
    net::io_context loop;
    net::co_spawn(loop, blocker(g), net::detached);
    net::post(loop, [] { block(); });
    loop.run();
    g.reach(2);
    thread.join();
    std::sort(found.begin(), found.end());
    if (locals_are_elsewhere && found[0] == "none") return;  // then either could run here
    CHECK(found == names{"held <- blocker <- co_spawn_entry_point", "none"});
}
