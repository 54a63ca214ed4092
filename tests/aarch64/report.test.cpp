// SPDX-License-Identifier: BSL-1.0

// Whole reports on aarch64, and what the processor's pointer authentication does to return addresses.
#include "support/catch.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"
#include "support/throwing.hpp"

#include <loopwatch/impl/unwind/registers.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

using loopwatch::block_report;
using loopwatch::no_loop_blocking;
using loopwatch::on_block;
using loopwatch::stack_quality;

namespace {

/// Where each function of a chain returns to, as it stands on the stack and without its authentication code.
struct return_addresses {
    std::vector<std::uintptr_t> stored;
    std::vector<std::uintptr_t> plain;
};
return_addresses* expected = nullptr;

/// Of the function at hand. A frame's record is the caller's x29 and the return address.
[[gnu::always_inline]] inline void note_return_address()
{
    if (expected == nullptr) return;
    std::uintptr_t stored = 0;
    std::memcpy(&stored, static_cast<char const*>(__builtin_frame_address(0)) + 8, sizeof stored);
    expected->stored.push_back(stored);
    expected->plain.push_back(reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)));
}

#define STAYS_ON_THE_STACK __asm__ volatile("" ::: "memory")

[[gnu::noinline]] bool computes()
{
    note_return_address();
    bool const worked = spin_through(300ms).length() > 0ms;
    STAYS_ON_THE_STACK;
    return worked;
}
[[gnu::noinline]] bool sleeps()
{
    note_return_address();
    bool const worked = sleep_through(300ms).length() > 0ms;
    STAYS_ON_THE_STACK;
    return worked;
}
[[gnu::noinline]] bool middle(bool (*leaf)())
{
    note_return_address();
    bool const worked = leaf();
    STAYS_ON_THE_STACK;
    return worked;
}
[[gnu::noinline]] bool handler(bool (*leaf)())
{
    note_return_address();
    bool const worked = middle(leaf);
    STAYS_ON_THE_STACK;
    return worked;
}

template <typename Start>
block_report block_of(Start start)
{
    net::io_context ctx;
    std::vector<block_report> blocks;
    {
        no_loop_blocking guard{
            ctx, {.threshold = 40ms, .action = on_block::log}, [&](block_report const& b) { blocks.push_back(b); }};
        start(ctx);
        ctx.run();
    }
    REQUIRE(blocks.size() == 1);
    return blocks[0];
}

/// How many frames lie between the innermost and the first of these addresses, which must follow one another.
std::size_t position_of(std::vector<std::uintptr_t> const& addresses, block_report const& report)
{
    std::vector<std::uintptr_t> found;
    for (auto const& f : report.stack)
        if (!f.inlined) found.push_back(f.address);
    auto const at = std::search(found.begin(), found.end(), addresses.begin(), addresses.end());
    return at == found.end() ? ~std::size_t{0} : static_cast<std::size_t>(at - found.begin());
}

net::awaitable<bool> upload() { co_return middle(&computes); }
net::awaitable<bool> ingest()
{
    bool const worked = co_await upload();
    co_return !worked;
}
net::awaitable<void> session()
{
    bool const failed = co_await ingest();  // in the condition itself, gcc 12 makes code that crashes
    if (failed) throw 1;
}

}  // namespace

TEST_CASE("a handler that computes is reported with the addresses to which its functions return")
{
    return_addresses addresses;
    expected = &addresses;
    auto const report = block_of([](net::io_context& ctx) { post(ctx, [] { CHECK(handler(&computes)); }); });
    expected = nullptr;
    INFO(to_string(report, true));
    CHECK(report.stack_quality == stack_quality::exact);
    std::reverse(addresses.plain.begin(), addresses.plain.end());
    REQUIRE(addresses.plain.size() == 3);
    CHECK(position_of(addresses.plain, report) <= 8);  // unoptimized, a clock is several calls
    for (auto const name : {"spin_through", "computes", "middle", "handler", "main"}) CHECK(stack_names(report, name));
    CHECK(culprit_is(report, "spin_through"));
    CHECK(report.culprit()->line != 0);
}

TEST_CASE("a handler that sleeps is left alone where the kernel's word is of the emulator")
{
    return_addresses addresses;
    expected = &addresses;
    auto const report = block_of([](net::io_context& ctx) { post(ctx, [] { CHECK(handler(&sleeps)); }); });
    expected = nullptr;
    INFO(to_string(report, true));
    CHECK(report.stack_quality == stack_quality::none);
    CHECK_THAT(report.stack_missing, contains("would cut its call short"));
}

TEST_CASE("the coroutines that await the one that computes")
{
    auto const report = block_of([](net::io_context& ctx) { net::co_spawn(ctx, session(), net::detached); });
    INFO(to_string(report));
    CHECK(report.stack_quality == stack_quality::exact);
    CHECK(stack_names(report, "upload()"));
    REQUIRE(report.awaited_by.size() == 2);
    CHECK_THAT(report.awaited_by[0].function, contains("ingest()"));
    CHECK_THAT(report.awaited_by[1].function, contains("session()"));
}

TEST_CASE("captures of a loop that throws and allocates all the time")
{
    net::io_context ctx;
    int caught = 0;
    no_loop_blocking guard{ctx, {.threshold = 5ms, .action = on_block::log}, [](block_report const&) {}};
    for (int i = 0; i < 10; ++i) post(ctx, [&] { caught += throw_for(100ms); });
    ctx.run();
    CHECK(std::ranges::any_of(all_seen_by(guard), [](block_report const& b) { return !b.stack.empty(); }));
    CHECK(caught > 100);
}

TEST_CASE("return addresses are signed exactly where the processor can")
{
    return_addresses addresses;
    expected = &addresses;
    handler([] {
        note_return_address();
        return true;
    });
    expected = nullptr;
    // A code is zero once in some ten thousand times: not in all of them.
    CHECK((addresses.stored != addresses.plain) == (std::getenv("LOOPWATCH_PLAIN_CPU") == nullptr));
    for (std::size_t i = 0; i < addresses.stored.size(); ++i)
        CHECK(loopwatch::detail::machine::code_address(addresses.stored[i]) == addresses.plain[i]);
}
