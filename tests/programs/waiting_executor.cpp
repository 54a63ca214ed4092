// SPDX-License-Identifier: BSL-1.0

// Executors of the user's own whose post() waits: for room, for a lock, for ever. Nothing hangs but what the user made
// wait, and other loops are watched as ever.
#include "programs/expect.hpp"
#include "support/bounded_loop.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using loopwatch::no_loop_blocking;
using loopwatch::on_block;

constexpr loopwatch::options quick{.threshold = 10ms, .heartbeat_interval = 1ms, .action = on_block::log};

void ignore(loopwatch::block_report const&) {}

template <typename Condition>
void wait_until(Condition holds)
{
    while (!holds()) std::this_thread::yield();
}

/// Posts to nobody; waits for as long as it is told to. Copies of its executor are counted.
class gate {
public:
    class executor_type {
    public:
        explicit executor_type(gate& of) : of_{&of} { ++of_->executors_; }
        executor_type(executor_type const& other) : of_{other.of_} { ++of_->executors_; }
        executor_type& operator=(executor_type const&) = delete;
        ~executor_type() { --of_->executors_; }
        template <typename Handler>
        friend void post(executor_type const& e, Handler&&)
        {
            e.of_->enter();
        }
        template <typename Handler>
        friend void dispatch(executor_type const&, Handler&&)
        {
        }

    private:
        gate* of_;
    };

    [[nodiscard]] executor_type get_executor() { return executor_type{*this}; }
    void enter()
    {
        ++inside_;
        std::lock_guard const hold{lock};
        --inside_;
    }
    [[nodiscard]] bool has_visitor() const { return inside_ > 0; }
    [[nodiscard]] int executors() const { return executors_; }

    std::mutex lock;

private:
    std::atomic<int> inside_{0};
    std::atomic<int> executors_{0};
};

/// Tells of its end, as every context of Asio's.
class own_context : public net::execution_context {
public:
    struct executor_type {
        own_context* of;
        [[nodiscard]] own_context& context() const { return *of; }
        template <typename Handler>
        friend void post(executor_type const& e, Handler&&)
        {
            e.of->visited.enter();
        }
        template <typename Handler>
        friend void dispatch(executor_type const&, Handler&&)
        {
        }
    };
    explicit own_context(gate& g) : visited{g} {}
    ~own_context()
    {
        shutdown();
        destroy();
    }
    [[nodiscard]] executor_type get_executor() { return {this}; }

    gate& visited;
};

void a_guard_ends_in_a_handler_while_post_waits_for_room()
{
    bounded_loop loop;
    loop.start();
    auto guard = std::make_unique<no_loop_blocking>(loop, quick, &ignore);
    std::atomic<bool> ended{false};
    std::function<void()> end_it = [&] {
        if (!loop.fill()) return loop.put(end_it);
        wait_until([&] { return loop.waiting() > 0; });
        guard.reset();
        ended = true;
    };
    loop.put(end_it);
    wait_until([&] { return ended.load(); });
}

void a_guard_ends_under_a_lock_that_post_waits_for()
{
    gate g;
    {
        std::unique_lock hold{g.lock};
        no_loop_blocking guard{g, quick, &ignore};
        wait_until([&] { return g.has_visitor(); });
        guard.finish();
        hold.unlock();
    }
    wait_until([&] { return !g.has_visitor() && g.executors() == 0; });
}

void what_is_of_the_user_is_let_go_when_the_guard_has_ended()
{
    gate g;
    no_loop_blocking guard{g, quick, &ignore};
    expect(g.executors() > 0, "a watch keeps an executor");
    guard.finish();
    expect(g.executors() == 0, "until the guard has ended");
}

void other_loops_are_watched_while_posts_wait_for_ever()
{
    gate g;
    std::unique_lock hold{g.lock};
    no_loop_blocking const first{g, quick, &ignore};
    no_loop_blocking const second{g, quick, &ignore};
    wait_until([&] { return g.has_visitor(); });
    net::io_context ctx;
    no_loop_blocking const guard{ctx, quick, &ignore};
    post(ctx, [] { sleep_through(40ms); });
    ctx.run();
    expect(guard.blocks().size() == 1 && culprit_is(guard.blocks()[0], "sleep_through"), "its block is seen");
    hold.unlock();
}

void a_context_that_goes_waits_for_the_post_to_it()
{
    gate g;
    gate other;
    std::unique_lock for_ever{other.lock};
    no_loop_blocking const waits{other, quick, &ignore};
    auto ctx = std::make_unique<own_context>(g);
    std::unique_lock hold{g.lock};
    auto guard = std::make_unique<no_loop_blocking>(*ctx, quick, &ignore);
    wait_until([&] { return g.has_visitor() && other.has_visitor(); });
    std::atomic<bool> gone{false};
    std::thread destroys{[&] {
        ctx.reset();
        gone = true;
    }};
    expect(guard->blocks().empty(), "nothing has blocked");
    guard.reset();
    sleep_through(150ms);  // time enough for it to go
    expect(!gone, "it waits for the post to it");
    hold.unlock();
    destroys.join();  // though the other one still waits
    expect(other.has_visitor(), "the other post waits");
    for_ever.unlock();
}

void a_fork_is_not_kept_by_a_post_that_waits()
{
    gate g;
    std::unique_lock hold{g.lock};
    no_loop_blocking const guard{g, quick, &ignore};
    wait_until([&] { return g.has_visitor(); });
    pid_t const child = ::fork();
    if (child == 0) {
        ::alarm(10);
        if constexpr (!LOOPWATCH_HAS_TSAN()) {  // which starts no threads there
            net::io_context ctx;
            no_loop_blocking const own{ctx, quick, &ignore};
            ctx.poll();
        }
        ::_exit(0);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    expect(status == 0, "the child ends");
    hold.unlock();
}

void a_loop_of_the_users_own_is_watched()
{
    bounded_loop loop;
    loop.start();
    no_loop_blocking const guard{loop, quick, &ignore};
    std::atomic<bool> done{false};
    loop.put([&] {
        sleep_through(40ms);
        done = true;
    });
    wait_until([&] { return done.load() && !guard.blocks().empty(); });
    expect(guard.blocks().size() == 1 && culprit_is(guard.blocks()[0], "sleep_through"), "its block is seen");
}

void a_stopped_loop_of_the_users_own_is_not_blocked()
{
    bounded_loop loop;
    loop.start();
    no_loop_blocking guard{loop, quick, &ignore};
    std::atomic<bool> ran{false};
    loop.put([&] { ran = true; });
    wait_until([&] { return ran.load(); });
    loop.stop();
    sleep_through(50ms);
    guard.finish();
    expect(guard.blocks().empty() && guard.excused().empty(), "nobody runs it");
}

}  // namespace

int main()
{
    a_guard_ends_in_a_handler_while_post_waits_for_room();
    a_guard_ends_under_a_lock_that_post_waits_for();
    what_is_of_the_user_is_let_go_when_the_guard_has_ended();
    other_loops_are_watched_while_posts_wait_for_ever();
    a_context_that_goes_waits_for_the_post_to_it();
    a_fork_is_not_kept_by_a_post_that_waits();
    a_loop_of_the_users_own_is_watched();
    a_stopped_loop_of_the_users_own_is_not_blocked();
}
