// SPDX-License-Identifier: BSL-1.0

// Who knows where a thread's stack lies: the thread itself, the beat that ends a block, and from then on its watch.
#include "support/catch.hpp"
#include "support/heard_bell.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <loopwatch/impl/loop/pulse.hpp>
#include <loopwatch/impl/platform/stack_bounds.hpp>
#include <loopwatch/impl/policy/policy.hpp>
#include <loopwatch/impl/watch/runtime.hpp>
#include <loopwatch/impl/watch/watch.hpp>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <pthread.h>
#include <unistd.h>

using namespace loopwatch::detail;

namespace {

struct area {
    std::uintptr_t low{0};
    std::uintptr_t end{0};
};

area by_libc()
{
    pthread_attr_t attributes;
    REQUIRE(::pthread_getattr_np(::pthread_self(), &attributes) == 0);
    void* low = nullptr;
    std::size_t size = 0;
    ::pthread_attr_getstack(&attributes, &low, &size);
    ::pthread_attr_destroy(&attributes);
    auto const from = reinterpret_cast<std::uintptr_t>(low);
    return {from, from + size};
}

// Not the address of a local variable: with address sanitizer that may be elsewhere.
[[gnu::noinline]] std::uintptr_t here() { return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)); }

/// A watch of the library's own watchdog, which can be looked into.
shared<watch> watch_of(net::io_context& ctx)
{
    watch_settings how{.threshold = 10ms, .action = loopwatch::on_block::log, .is_context = true, .context = &ctx};
    return shared<watch>{new watch{std::move(how), {}, runtime::get().watchdog().bell(), make_loop(ctx).released()}};
}

}  // namespace

TEST_CASE("a thread's bounds are those that libc tells", "[capture]")
{
    stack_bounds bounds;
    area truth;
    std::uintptr_t inside = 0;
    std::thread{[&] {
        errno = 4711;
        bounds = this_thread_stack();
        CHECK(errno == 4711);
        truth = by_libc();
        inside = here();
    }}.join();
    CHECK(bounds.known());
    CHECK(bounds.low == truth.low);
    CHECK(bounds.end == truth.end);
    CHECK(bounds.hold(inside));
    CHECK(bounds.hold(bounds.low));
    CHECK_FALSE(bounds.hold(bounds.low - 1));
    CHECK_FALSE(bounds.hold(bounds.end));
    CHECK_FALSE(bounds.hold(here()));
    CHECK(bounds.owner != thread_pointer());
}

TEST_CASE("the main thread's bounds lie within its mapping, and hold all of its frames", "[capture]")
{
    REQUIRE(this_thread_number() == ::getpid());
    stack_bounds const bounds = this_thread_stack();
    area mapped;
    std::ifstream maps{"/proc/self/maps"};
    for (std::string line; std::getline(maps, line);)
        if (line.ends_with("[stack]")) std::sscanf(line.c_str(), "%lx-%lx", &mapped.low, &mapped.end);
    REQUIRE(mapped.end != 0);
    CHECK(bounds.known());
    CHECK(bounds.end <= mapped.end);
    CHECK(bounds.end >= reinterpret_cast<std::uintptr_t>(::environ));  // the frames are further in
    CHECK(bounds.end - bounds.low <= 8U << 20);
    CHECK(bounds.hold(here()));
    CHECK(bounds.hold(mapped.low));
    CHECK(bounds.owner == thread_pointer());
}

TEST_CASE("bounds that nobody has told hold nothing", "[capture]")
{
    stack_bounds const none;
    CHECK_FALSE(none.known());
    CHECK_FALSE(none.hold(0));
    CHECK_FALSE(none.hold(here()));
}

TEST_CASE("a beat that was called tells of its stack, and an ordinary one costs nothing", "[capture][heartbeat]")
{
    heard_bell bell;
    auto const p = make_pulse(bell);
    p->send();
    heartbeat<int>{p}();
    CHECK_FALSE(p->path().stack.known());
    p->send();
    REQUIRE(p->call_when_run());
    heartbeat<int>{p}();
    CHECK(p->path().thread == this_thread_number());
    CHECK(p->path().stack.end == this_thread_stack().end);
}

TEST_CASE("of a loop's threads those bounds are kept that were told last", "[capture]")
{
    stack_bounds const one{100, 200, 1};
    stack_bounds const two{300, 400, 2};
    loop_threads threads;
    threads.presume({7, 4711, one});
    CHECK(threads.all()[0].stack.end == 200);
    threads.add(7);  // the maker of the guard runs the loop, too
    CHECK(threads.all()[0].stack.end == 200);
    CHECK(threads.all()[0].within == ~std::uintptr_t{0});
    threads.add(8);
    CHECK_FALSE(threads.all()[0].stack.known());
    threads.add(7);
    CHECK(threads.all()[0].number == 7);
    CHECK(threads.all()[0].stack.end == 200);
    threads.add(7, two);
    CHECK(threads.all()[0].stack.end == 400);

    threads.presume({9, 4711, one});
    threads.add(8);
    CHECK_FALSE(threads.all()[0].stack.known());  // it is not the maker
}

TEST_CASE("a watch knows its maker's stack at once, and another loop thread's after its first block at the latest",
          "[capture]")
{
    net::io_context ctx;
    auto work = make_work_guard(ctx);
    auto const w = watch_of(ctx);
    auto& watchdog = runtime::get().watchdog();
    watchdog.add(w, LOOPWATCH_THIS_FRAME());
    auto const latest = [&] {
        std::lock_guard const hold{watchdog.mutex()};
        return w->threads.all()[0];
    };
    CHECK(latest().number == this_thread_number());
    CHECK(latest().stack.end == this_thread_stack().end);

    thread_number runner_number = 0;
    area truth;
    std::thread runner{[&] {
        runner_number = this_thread_number();
        truth = by_libc();
        ctx.run();
    }};
    while (latest().number == this_thread_number()) std::this_thread::sleep_for(1ms);
    post(ctx, [] { sleep_through(40ms); });
    for (int i = 0; i < 1000 && !latest().stack.known(); ++i) std::this_thread::sleep_for(1ms);
    CHECK(latest().number == runner_number);
    CHECK(latest().stack.low == truth.low);
    CHECK(latest().stack.end == truth.end);
    watchdog.remove(*w);
    work.reset();
    runner.join();
}
