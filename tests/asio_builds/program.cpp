// SPDX-License-Identifier: BSL-1.0
//
// What must hold however Asio is built: this program is compiled once for each set of its macros.
#include "support/net.hpp"
#include "support/stall.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

using loopwatch::no_loop_blocking;

namespace {

bool failed = false;

void expect(bool as_it_should, char const* what)
{
    if (as_it_should) return;
    std::printf("wrong: %s\n", what);
    failed = true;
}

constexpr auto threshold = 20ms;

/// As a work guard, which some of these builds lack.
auto work_for(net::io_context& loop)
{
    return std::optional{net::require(loop.get_executor(), net::execution::outstanding_work.tracked)};
}

loopwatch::options quietly() { return {.threshold = threshold, .action = loopwatch::on_block::log}; }
constexpr auto nothing = [](loopwatch::block_report const&) {};

/// On a machine that is busy it may be nobody's, and there may be other waits that are.
void expect_one_block(no_loop_blocking& guard, char const* what)
{
    guard.finish();
    auto const blocks = guard.blocks();
    auto const excused = guard.excused();
    bool const named = blocks.empty() || culprit_is(blocks[0], "sleep_through");
    bool const one = blocks.size() <= 1 && blocks.size() + excused.size() >= 1 && named;
    if (!one)
        for (auto const& each : blocks) std::fputs(to_string(each).c_str(), stdout);
    expect(one, what);
}

void finds_a_block(auto const& executor, net::io_context& loop, char const* what)
{
    no_loop_blocking guard{executor, quietly(), nothing};
    post(executor, [] { sleep_through(10 * threshold); });
    loop.restart();
    loop.run();
    expect_one_block(guard, what);
}

void finds_blocks()
{
    net::io_context loop;
    finds_a_block(loop.get_executor(), loop, "one block of a context");
    finds_a_block(net::any_io_executor{loop.get_executor()}, loop, "one block of a context that is an any_io_executor");
    finds_a_block(make_strand(loop), loop, "one block of a strand");

    net::thread_pool pool{2};
    no_loop_blocking guard{pool, quietly(), nothing};
    for (int i = 0; i < 2; ++i) post(pool, [] { sleep_through(10 * threshold); });
    pool.join();
    expect_one_block(guard, "one block of a pool both threads of which are held");
}

/// Waits with and without an end, for longer than three thresholds in all, and then on another thread beside one that
/// is held.
void is_silent_about_waits()
{
    net::io_context loop;
    no_loop_blocking guard{loop, quietly(), nothing};
    net::steady_timer timer{loop};
    timer.expires_after(4 * threshold);
    timer.async_wait([](auto const&) {});
    loop.run();
    loop.restart();
    loop.run_for(4 * threshold);
    auto work = work_for(loop);
    loop.restart();
    std::thread idles{[&loop] { loop.run(); }};
    post(loop, [] { sleep_through(4 * threshold); });
    loop.run_for(8 * threshold);
    work.reset();
    idles.join();
    // Polled now and then, it is nobody's who does something else in between.
    loop.restart();
    auto const polled = work_for(loop);
    for (int i = 0; i < 3; ++i) {
        sleep_through(4 * threshold);
        loop.poll();
    }
    guard.finish();
    for (auto const& each : guard.blocks()) std::fputs(to_string(each).c_str(), stdout);
    expect(guard.blocks().empty(), "no block of a loop that waits for work");
}

/// A guard outlives its context, by whichever way that was found.
void context_goes_first(auto as_target, char const* what)
{
    auto loop = std::make_unique<net::io_context>();
    no_loop_blocking guard{as_target(*loop), quietly(), nothing};
    post(*loop, [] {});
    loop->run();
    loop.reset();
    std::this_thread::sleep_for(2 * threshold);  // heartbeats would go to where it was
    guard.finish();
    expect(guard.blocks().empty(), what);
}

std::string refusal(int hint, bool as_any)
{
    net::io_context loop{hint};
    try {
        if (as_any)
            no_loop_blocking const guard{net::any_io_executor{loop.get_executor()}};
        else
            no_loop_blocking const guard{loop};
    } catch (std::invalid_argument const& refused) {
        return refused.what();
    }
    return {};
}

#if LOOPWATCH_TEST_BOOST_ASIO
#define HINT(name) BOOST_ASIO_CONCURRENCY_HINT_##name
constexpr std::string_view hint = "BOOST_ASIO_CONCURRENCY_HINT_";
#else
#define HINT(name) ASIO_CONCURRENCY_HINT_##name
constexpr std::string_view hint = "with ASIO_CONCURRENCY_HINT_";
#endif

void refuses_what_takes_no_locks()
{
    auto const names = [](std::string const& text, std::string_view name) {
        return text.find(std::string{hint} + std::string{name} + ' ') != text.npos;
    };
    for (bool const as_any : {false, true}) {
        expect(names(refusal(HINT(UNSAFE), as_any), "UNSAFE"), "the hint UNSAFE is refused by name");
        expect(names(refusal(HINT(UNSAFE_IO), as_any), "UNSAFE_IO"), "the hint UNSAFE_IO is refused by name");
        for (int const good : {HINT(SAFE), HINT(DEFAULT), 1, 2, 0})
            expect(refusal(good, as_any).empty(), "a context with locks is not refused");
    }
}

/// Standard error, from here to read(): where Asio's handler tracking writes.
class standard_error {
public:
    standard_error() { ::dup2(::fileno(file_), 2); }
    standard_error(standard_error const&) = delete;
    standard_error& operator=(standard_error const&) = delete;
    ~standard_error()
    {
        ::dup2(kept_, 2);
        ::close(kept_);
        std::fclose(file_);
    }

    [[nodiscard]] int lines() const
    {
        std::rewind(file_);
        int count = 0;
        for (int c = 0; (c = std::fgetc(file_)) != EOF;) count += c == '\n' ? 1 : 0;
        return count;
    }

private:
    int kept_{::dup(2)};
    std::FILE* file_{std::tmpfile()};
};

int lines_of_trace(bool watched, auto const& of)
{
    net::io_context loop;
    auto const executor = of(loop);
    standard_error const trace;
    {
        std::unique_ptr<no_loop_blocking> guard;
        if (watched) guard = std::make_unique<no_loop_blocking>(executor, quietly(), nothing);
        post(executor, [] { spin_through(1ms); });
        loop.run();
        loop.restart();
        auto const work = work_for(loop);
        loop.run_for(4 * threshold);
        if (watched) post(executor, [&] { guard.reset(); });  // begun and ended in a handler, as in one of a test
        if (!watched) post(executor, [] {});
        post(executor, [&] { no_loop_blocking{executor, quietly(), nothing}.finish(); });
        loop.poll();
    }
    return trace.lines();
}

void leaves_no_trace()
{
    auto const executor_of = [](net::io_context& loop) { return loop.get_executor(); };
    auto const any_of = [](net::io_context& loop) { return net::any_io_executor{loop.get_executor()}; };
    int const without = lines_of_trace(false, executor_of);
    expect(lines_of_trace(true, executor_of) == without, "no line of a heartbeat in the trace of a context's handlers");
    expect(lines_of_trace(true, any_of) == without, "nor if it is an any_io_executor");
    std::printf("lines of the user's own in the trace: %d\n", without);
}

}  // namespace

int main()
{
    finds_blocks();
    is_silent_about_waits();
    context_goes_first([](net::io_context& loop) -> auto& { return loop; }, "a context goes before its guard");
    context_goes_first([](net::io_context& loop) { return loop.get_executor(); },
                       "a context goes, known by its executor");
    context_goes_first([](net::io_context& loop) { return make_strand(loop); }, "a context goes, known by a strand");
    context_goes_first([](net::io_context& loop) { return net::any_io_executor{loop.get_executor()}; },
                       "a context goes, known by an any_io_executor");
    refuses_what_takes_no_locks();
    leaves_no_trace();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
