// SPDX-License-Identifier: BSL-1.0
// The public contract, as far as types can tell it. Compiling is the test, once with each Asio: one unit can't include
// both, since Boost.Asio 1.74 and Asio 1.22 define the same names in the global namespace.
#include <utility>  // Boost.Asio 1.74 forgets it

#include "support/net.hpp"

#include <loopwatch/format.hpp>
#include <loopwatch/monitor.hpp>
#include <loopwatch/self_test.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

// --- options ---

using loopwatch::on_block;
using loopwatch::options;

// gcc 12 copies temporaries in a full expression with co_await bit by bit; what owns memory would be freed twice.
static_assert(std::is_trivially_copyable_v<options> && std::is_trivially_destructible_v<options>);
static_assert(std::is_aggregate_v<options>, "for designated initializers");
static_assert(std::same_as<decltype(options::threshold), nanoseconds>);
static_assert(std::same_as<decltype(options::heartbeat_interval), nanoseconds>);
static_assert(std::same_as<decltype(options::action), on_block>);
static_assert(std::same_as<decltype(options::loop_name), std::string_view>);
static_assert(options{}.threshold == 100ms && options{}.heartbeat_interval == 0ns);
static_assert(options{}.action == on_block::raise && options{}.loop_name.empty());
static_assert(on_block::raise != on_block::log);
static_assert(options{.threshold = 10ms, .heartbeat_interval = 1ms, .action = on_block::log, .loop_name = "main"}
                  .threshold == 10ms);

// --- block_report, frame, sink ---

using loopwatch::block_report;
using loopwatch::frame;
using loopwatch::sink;

static_assert(std::same_as<sink, std::function<void(block_report const&)>>);

static_assert(std::same_as<decltype(frame::address), std::uintptr_t>);
static_assert(std::same_as<decltype(frame::function), std::string>);
static_assert(std::same_as<decltype(frame::file), std::string>);
static_assert(std::same_as<decltype(frame::line), unsigned>);
static_assert(std::same_as<decltype(frame::module), std::string>);
static_assert(std::same_as<decltype(frame::module_offset), std::uintptr_t>);
static_assert(std::same_as<decltype(frame::inlined), bool>);
static_assert(std::semiregular<frame>, "a plain value");
static_assert(std::is_nothrow_move_constructible_v<frame>);

static_assert(std::same_as<decltype(block_report::number), std::uint64_t>);
static_assert(std::same_as<decltype(block_report::loop), std::string>);
static_assert(std::same_as<decltype(block_report::thread_id), std::int64_t>);
static_assert(std::same_as<decltype(block_report::thread_name), std::string>);
static_assert(std::same_as<decltype(block_report::began_at), std::chrono::system_clock::time_point>);
static_assert(std::same_as<decltype(block_report::duration), nanoseconds>);
static_assert(std::same_as<decltype(block_report::duration_max), nanoseconds>);
static_assert(std::same_as<decltype(block_report::threshold), nanoseconds>);
static_assert(std::same_as<decltype(block_report::ended), bool>);
static_assert(std::same_as<decltype(block_report::cause), loopwatch::cause>);
static_assert(std::same_as<decltype(block_report::evidence), std::string>);
static_assert(std::same_as<decltype(block_report::stack), std::vector<frame>>);
static_assert(std::same_as<decltype(block_report::awaited_by), std::vector<frame>>);
static_assert(std::same_as<decltype(block_report::stack_quality), loopwatch::stack_quality>);
static_assert(std::same_as<decltype(block_report::stack_missing), std::string>);
static_assert(std::semiregular<block_report>, "a plain value");
static_assert(std::is_nothrow_move_constructible_v<block_report>);

template <typename Report>
constexpr bool culprit_is_const_and_noexcept = requires(Report const& r) {
    { r.culprit() } noexcept -> std::same_as<frame const*>;
};
static_assert(culprit_is_const_and_noexcept<block_report>);

// "cause" is a type and a member; each is reached by its own way.
using loopwatch::stack_quality;
static_assert(to_string(loopwatch::cause::blocking_call) == "blocking_call");
static_assert(to_string(loopwatch::cause::unknown) == "unknown" && loopwatch::cause{} == loopwatch::cause::unknown);
static_assert(to_string(stack_quality::exact) == "exact" && to_string(stack_quality::approximate) == "approximate");
static_assert(to_string(stack_quality::partial) == "partial" && to_string(stack_quality::none) == "none");

static_assert(std::same_as<decltype(to_string(std::declval<block_report const&>())), std::string>);
static_assert(fmt::is_formattable<block_report>::value);
static_assert(requires(std::ostream& to, block_report const& r) {
    { to << r } -> std::same_as<std::ostream&>;
});

// --- loop_blocked_error ---

using loopwatch::loop_blocked_error;

static_assert(std::derived_from<loop_blocked_error, std::runtime_error>);
static_assert(std::is_nothrow_copy_constructible_v<loop_blocked_error>, "or its rethrowing may terminate");
static_assert(std::is_nothrow_copy_assignable_v<loop_blocked_error>);
static_assert(noexcept(std::declval<loop_blocked_error const&>().blocks()));
static_assert(
    std::same_as<decltype(std::declval<loop_blocked_error const&>().blocks()), std::vector<block_report> const&>);

// --- no_loop_blocking ---

using guard = loopwatch::no_loop_blocking;

static_assert(!std::is_default_constructible_v<guard>);
static_assert(!std::is_copy_constructible_v<guard> && !std::is_copy_assignable_v<guard>);
static_assert(!std::is_move_constructible_v<guard> && !std::is_move_assignable_v<guard>);
static_assert(!std::is_constructible_v<guard, guard&>, "the constructor for any loop must not take a guard");
static_assert(!std::is_constructible_v<guard, guard const&, options> &&
              !std::is_constructible_v<guard, guard&, options>);
static_assert(std::is_destructible_v<guard> && !std::is_nothrow_destructible_v<guard>, "it raises");
static_assert(std::same_as<decltype(std::declval<guard&>().finish()), void>);

// A guard as a member makes the destructor throw, also one of the class's own.
struct has_a_guard {
    guard member;
};
struct has_a_guard_and_a_destructor {
    ~has_a_guard_and_a_destructor() {}  // NOLINT(*-equals-default)
    guard member;
};
static_assert(!std::is_nothrow_destructible_v<has_a_guard>);
static_assert(!std::is_nothrow_destructible_v<has_a_guard_and_a_destructor>);
static_assert(!noexcept(std::declval<guard&>().finish()));
static_assert(std::same_as<decltype(std::declval<guard const&>().blocks()), std::vector<block_report>>);

template <typename Loop>
constexpr bool watches =
    std::is_constructible_v<guard, Loop> && std::is_constructible_v<guard, Loop, options> &&
    std::is_constructible_v<guard, Loop, options, sink> && std::is_constructible_v<guard, Loop, nanoseconds> &&
    std::is_constructible_v<guard, Loop, std::chrono::milliseconds> && !std::is_convertible_v<Loop, guard>;

static_assert(watches<net::io_context&>);
static_assert(watches<net::thread_pool&>);
static_assert(watches<net::io_context::executor_type> && watches<net::io_context::executor_type const&>);
static_assert(watches<net::any_io_executor> && watches<net::any_io_executor&>);
static_assert(watches<net::strand<net::any_io_executor>> && watches<net::io_context::strand&>);

// std::is_constructible sees declarations alone; this compiles what is behind them. Never called.
[[maybe_unused]] void instantiate(net::io_context& io, net::thread_pool& pool, sink const& to)
{
    options const how{.threshold = 10ms};
    guard{io};
    guard{io, {.threshold = 10ms, .loop_name = "main"}};
    guard{io, how, to};
    guard{io, 10ms};
    guard{pool};
    guard{io.get_executor(), how};
    guard{pool.get_executor(), how, [](block_report const&) {}};
    guard{net::io_context::strand{io}, how};
    net::any_io_executor const any = io.get_executor();
    guard{any, how};
    guard{net::any_io_executor{pool.get_executor()}, 10ms};
    net::strand<net::any_io_executor> strand{any};
    guard{strand, how};
    guard{net::make_strand(io), how};
    guard{net::system_executor{}, how};
}

// --- monitor ---

using loopwatch::block_notice;
using loopwatch::monitor;
using loopwatch::ranked_path;
using loopwatch::watched_loop;

static_assert(std::is_default_constructible_v<monitor>);
static_assert(!std::is_copy_constructible_v<monitor> && !std::is_copy_assignable_v<monitor>);
static_assert(std::is_nothrow_move_constructible_v<monitor> && std::is_nothrow_move_assignable_v<monitor>);
static_assert(std::is_nothrow_destructible_v<monitor> && std::is_nothrow_destructible_v<watched_loop>);
static_assert(std::is_constructible_v<monitor, options> && !std::is_convertible_v<options, monitor>);
static_assert(std::is_constructible_v<monitor, net::io_context&>);
static_assert(std::is_constructible_v<monitor, net::io_context&, options>);
static_assert(!std::is_constructible_v<monitor, monitor&>, "the constructor for any loop must not take a monitor");
static_assert(
    std::same_as<decltype(std::declval<monitor&>().watch(std::declval<net::io_context&>(), "name")), watched_loop>);
static_assert(
    std::same_as<decltype(std::declval<monitor&>().watch(std::declval<net::any_io_executor>(), "name")), watched_loop>);
static_assert(std::same_as<decltype(std::declval<monitor const&>().prometheus()), std::string>);
static_assert(std::same_as<decltype(std::declval<monitor const&>().top(10)), std::vector<ranked_path>>);
static_assert(std::same_as<decltype(ranked_path::culprit), std::string>);
static_assert(std::same_as<decltype(ranked_path::count), std::uint64_t>);
static_assert(std::same_as<decltype(ranked_path::total), nanoseconds>);
static_assert(std::same_as<decltype(ranked_path::longest), nanoseconds>);

// Sinks are functions of a notice or a report, and what the library's own headers return.
static_assert(std::is_convertible_v<void (*)(block_report const&), loopwatch::monitor_sink>);
static_assert(std::is_convertible_v<void (*)(block_notice const&), loopwatch::monitor_sink>);
static_assert(!std::is_constructible_v<loopwatch::monitor_sink, void (*)(int)>);

// --- allow_blocking, disallow_blocking ---

using loopwatch::allow_blocking;
using loopwatch::disallow_blocking;

template <typename Scope>
constexpr bool stays_where_it_is =
    !std::is_copy_constructible_v<Scope> && !std::is_copy_assignable_v<Scope> && !std::is_move_constructible_v<Scope> &&
    !std::is_move_assignable_v<Scope> && std::is_nothrow_destructible_v<Scope>;
static_assert(stays_where_it_is<allow_blocking> && stays_where_it_is<disallow_blocking>);
static_assert(!std::is_default_constructible_v<allow_blocking>, "it says why");
static_assert(std::is_constructible_v<allow_blocking, char const*> &&
              std::is_constructible_v<allow_blocking, std::string>);
static_assert(!std::is_convertible_v<char const*, allow_blocking>);
static_assert(std::is_constructible_v<allow_blocking, std::string_view, std::chrono::milliseconds>);
static_assert(std::is_constructible_v<allow_blocking, std::string_view, std::chrono::duration<double>>);
static_assert(!std::is_constructible_v<allow_blocking, std::string_view, int>, "200 of what?");
static_assert(std::is_default_constructible_v<disallow_blocking>);
static_assert(std::same_as<decltype(loopwatch::unused_allowances()), std::vector<std::string>>);

// The natural line in a coroutine.
[[maybe_unused]] net::awaitable<void> in_a_coroutine()
{
    guard const watched{co_await net::this_coro::executor, {.threshold = 10ms}};
    allow_blocking const scope{"reload certificates", 200ms};
    disallow_blocking const inside;
}

}  // namespace
