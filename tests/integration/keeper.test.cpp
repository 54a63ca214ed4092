// SPDX-License-Identifier: BSL-1.0

// What becomes of one heartbeat, where the watchdog looks at the worst of moments: here the test is the watchdog.
#include "support/catch.hpp"
#include "support/heard_bell.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include <loopwatch/impl/watch/process_host.hpp>
#include <loopwatch/impl/watch/watch_keeper.hpp>

namespace keeper_test {

#if LOOPWATCH_HAS_UNWINDER()

using namespace loopwatch::detail;

namespace {

constexpr auto threshold = 5ms;

/// A loop that does something when it is asked whether it is stopped.
class asked_loop final : public loop {
public:
    asked_loop(owned<loop> whole, std::function<void()> const& when_asked)
        : whole_{std::move(whole)}, when_asked_{when_asked}
    {
    }
    void post(pulse_ref p) override { whole_->post(std::move(p)); }
    void dispatch(pulse_ref p) override { whole_->dispatch(std::move(p)); }
    [[nodiscard]] bool stopped() const noexcept override
    {
        when_asked_();
        return whole_->stopped();
    }
    [[nodiscard]] bool tells_when_stopped() const noexcept override { return whole_->tells_when_stopped(); }
    [[nodiscard]] bool is_prompt() const noexcept override { return whole_->is_prompt(); }
    [[nodiscard]] bool is_strand() const noexcept override { return whole_->is_strand(); }
    [[nodiscard]] bool is_context() const noexcept override { return whole_->is_context(); }
    [[nodiscard]] void const* context() const noexcept override { return whole_->context(); }
    [[nodiscard]] scheduler_identity scheduler() const noexcept override { return whole_->scheduler(); }

private:
    owned<loop> whole_;
    std::function<void()> const& when_asked_;
};

/// A watch of a context, and whoever keeps it: no thread of the library's looks at it.
struct kept_watch {
    kept_watch()
    {
        owned<loop> of{new asked_loop{make_loop(ctx).released(), when_asked}};
        w = shared<watch>{
            new watch{{.threshold = threshold, .is_context = true, .context = &ctx}, 1ms, bell, std::move(of)}};
        w->threads.presume({.number = this_thread_number()});
    }

    /// Is known to run the loop from now on.
    void run_a_first_beat()
    {
        send_heartbeat(*w, threads, host);
        ctx.run();
        catch_up();
        ctx.restart();
        REQUIRE(w->knows_runners());
    }
    void catch_up() { keeper.catch_up(*w, clock::now(), time_point::max()); }
    void step() { keeper.step(*w, clock::now(), time_point::max()); }
    [[nodiscard]] std::size_t blocks() const { return w->log.pending; }

    net::io_context ctx;
    std::function<void()> when_asked{[] {}};
    heard_bell bell;
    polite_mutex mutex;
    std::condition_variable_any changed;
    couriers own{mutex, changed};
    reporter to;
    process_threads threads;
    process_host host{to, own};
    watch_keeper keeper{threads, host};
    shared<watch> w;
};

}  // namespace

TEST_CASE("a loop that was left and entered again before the watchdog looked was not blocked")
{
    kept_watch kept;
    bool const by_another = GENERATE(true, false);
    bool const looked = !by_another;  // the same call of the same thread can't be told from one that lasts
    std::thread{[&] {
        kept.run_a_first_beat();
        post(kept.ctx, [&] {
            send_heartbeat(*kept.w, kept.threads, kept.host);
            kept.ctx.stop();
        });
        kept.ctx.run();
        if (by_another) return;
        if (looked) kept.step();
        sleep_through(3 * threshold);
        kept.ctx.restart();
        kept.ctx.run();
    }}.join();
    if (by_another) {
        CHECK(kept.w->waits_for() != nullptr);  // the last that was seen
        sleep_through(3 * threshold);
        std::thread{[&] {
            kept.ctx.restart();
            kept.ctx.run();
        }}.join();
    }
    REQUIRE(kept.w->beats->ran());
    kept.catch_up();
    CHECK(kept.blocks() == 0);
}

TEST_CASE("a block of which the watchdog saw nothing is known, and how its thread spent it, though that has ended")
{
    kept_watch kept;
    std::thread{[&] {
        kept.run_a_first_beat();
        post(kept.ctx, [&] {
            send_heartbeat(*kept.w, kept.threads, kept.host);
            sleep_through(3 * threshold);
        });
        kept.ctx.run();
    }}.join();
    CHECK(kept.w->beats->counters().known);
    kept.catch_up();
    CHECK(kept.blocks() == 1);
}

TEST_CASE("a block is not lost whose loop ends while the watchdog looks")
{
    kept_watch kept;
    std::atomic<bool> sent{false};
    std::atomic<bool> enough{false};
    std::thread loop{[&] {
        kept.run_a_first_beat();
        post(kept.ctx, [&] {
            send_heartbeat(*kept.w, kept.threads, kept.host);
            sent = true;
            while (!enough) std::this_thread::yield();
        });
        kept.ctx.run();
    }};
    while (!sent) std::this_thread::yield();
    sleep_through(3 * threshold);
    // As if at the very moment at which it is due: as long as it has lasted by then it is none yet.
    kept.keeper.step(*kept.w, kept.w->beat_deadline.due_at(), time_point::max());
    REQUIRE(kept.w->is_in<phases::blocked>());
    kept.when_asked = [&] {
        if (enough.exchange(true)) return;
        loop.join();
    };
    kept.catch_up();
    CHECK(kept.blocks() == 1);
    kept.when_asked = [] {};
    if (loop.joinable()) loop.join();
}

#endif

}  // namespace keeper_test
