// SPDX-License-Identifier: BSL-1.0

#include "made_notices.hpp"
#include "support/catch.hpp"
#include "support/stall.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <loopwatch/impl/monitor/sink_queue.hpp>

using loopwatch::block_notice;
using loopwatch::notice_sink;
using loopwatch::detail::sink_queue;

namespace {

/// Time enough for anything that is to happen at all.
test_clock::time_point at_last() { return test_clock::now() + 60s; }

/// Closed at first. Those who come wait until it is opened.
class gate {
public:
    void pass()
    {
        std::unique_lock hold{mutex_};
        ++came_;
        changed_.notify_all();
        changed_.wait(hold, [&] { return open_; });
    }
    void open()
    {
        std::lock_guard const hold{mutex_};
        open_ = true;
        changed_.notify_all();
    }
    void wait_for_one()
    {
        std::unique_lock hold{mutex_};
        changed_.wait(hold, [&] { return came_ > 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int came_{0};
    bool open_{false};
};

/// Notes what it was called with: numbers of blocks, and 0 for reopen().
class noting : public notice_sink {
public:
    void write(block_notice const& notice) override
    {
        note(notice.report.number);
        if (on_write) on_write(notice);
    }
    void reopen() override { note(0); }

    [[nodiscard]] std::vector<std::uint64_t> noted() const
    {
        std::lock_guard const hold{mutex_};
        return noted_;
    }

    std::function<void(block_notice const&)> on_write;

private:
    void note(std::uint64_t number)
    {
        std::lock_guard const hold{mutex_};
        noted_.push_back(number);
    }

    mutable std::mutex mutex_;
    std::vector<std::uint64_t> noted_;
};

/// A sink with a gate in write(). Neither ends before the other.
struct gated {
    gated()
    {
        sink->on_write = [way = way](block_notice const&) { way->pass(); };
    }
    /// It is busy with the first notice, until the gate is opened.
    void hold(sink_queue& queue) const
    {
        queue.push(notice_of(1));
        way->wait_for_one();
    }
    std::shared_ptr<gate> way = std::make_shared<gate>();
    std::shared_ptr<noting> sink = std::make_shared<noting>();
};

using numbers = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("a sink gets its notices in order, and on a thread of its own")
{
    auto const sink = std::make_shared<noting>();
    std::atomic<std::thread::id> thread;
    sink->on_write = [&](block_notice const&) { thread = std::this_thread::get_id(); };
    sink_queue queue{sink, 1000};
    numbers pushed;
    for (std::uint64_t i = 1; i <= 500; ++i) {
        queue.push(notice_of(i));
        pushed.push_back(i);
    }
    CHECK(queue.flush(at_last()));
    CHECK(sink->noted() == pushed);
    CHECK(queue.lost() == 0);
    CHECK(thread.load() != std::this_thread::get_id());
}

TEST_CASE("notices of several threads all arrive, each thread's in order")
{
    auto const sink = std::make_shared<noting>();
    sink_queue queue{sink, 100'000};
    std::vector<std::thread> pushing;
    for (std::uint64_t t = 1; t <= 4; ++t)
        pushing.emplace_back([&queue, t] {
            for (std::uint64_t i = 0; i < 1000; ++i) queue.push(notice_of(t * 10'000 + i));
        });
    for (auto& each : pushing) each.join();
    REQUIRE(queue.flush(at_last()));
    std::vector<numbers> of(5);
    for (std::uint64_t const number : sink->noted()) of.at(number / 10'000).push_back(number % 10'000);
    for (std::size_t t = 1; t <= 4; ++t) {
        CHECK(of[t].size() == 1000);
        CHECK(std::ranges::is_sorted(of[t]));
    }
}

TEST_CASE("who pushes to a full queue waits for nothing, and what found no room is counted")
{
    gated slow;
    sink_queue queue{slow.sink, 10};
    slow.hold(queue);
    for (std::uint64_t i = 2; i <= 100; ++i) queue.push(notice_of(i));
    CHECK(queue.lost() == 89);
    CHECK_FALSE(queue.flush(test_clock::now()));

    slow.way->open();
    CHECK(queue.flush(at_last()));
    CHECK(slow.sink->noted() == numbers{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
    queue.push(notice_of(101));
    CHECK(queue.flush(at_last()));
    CHECK(slow.sink->noted().back() == 101);
    CHECK(queue.lost() == 89);
}

TEST_CASE("a queue can be given more room while its sink is blocked")
{
    gated slow;
    sink_queue queue{slow.sink, 1};
    slow.hold(queue);
    queue.push(notice_of(2));
    queue.push(notice_of(3));
    queue.set_most(2);
    queue.push(notice_of(4));
    CHECK(queue.lost() == 1);
    slow.way->open();
    CHECK(queue.flush(at_last()));
    CHECK(slow.sink->noted() == numbers{1, 2, 4});
}

TEST_CASE("a sink that throws loses what it threw at, and is given the next")
{
    auto const sink = std::make_shared<noting>();
    sink->on_write = [](block_notice const& notice) {
        if (notice.report.number % 2 == 0) throw std::runtime_error{"no"};
        if (notice.report.number == 5) throw 5;  // NOLINT(hicpp-exception-baseclass): whatever it is
    };
    sink_queue queue{sink, 100};
    for (std::uint64_t i = 1; i <= 7; ++i) queue.push(notice_of(i));
    CHECK(queue.flush(at_last()));
    CHECK(sink->noted() == numbers{1, 2, 3, 4, 5, 6, 7});
    CHECK(queue.lost() == 4);
}

TEST_CASE("a file is reopened after what was pushed before, also if the queue is full, and once for several requests")
{
    gated slow;
    sink_queue queue{slow.sink, 2};
    slow.hold(queue);
    queue.push(notice_of(2));
    queue.reopen();
    queue.reopen();
    queue.push(notice_of(3));
    queue.reopen();
    queue.push(notice_of(4));
    slow.way->open();
    CHECK(queue.flush(at_last()));
    CHECK(slow.sink->noted() == numbers{1, 2, 0, 3, 0});
    queue.reopen();
    CHECK(queue.flush(at_last()));
    CHECK(slow.sink->noted() == numbers{1, 2, 0, 3, 0, 0});
    CHECK(queue.lost() == 1);
}

TEST_CASE("a reopen that throws loses no notice")
{
    struct fails_to_reopen : noting {
        void reopen() override
        {
            noting::reopen();
            throw std::runtime_error{"no"};
        }
    };
    auto const sink = std::make_shared<fails_to_reopen>();
    sink_queue queue{sink, 2};
    queue.reopen();
    queue.push(notice_of(1));
    CHECK(queue.flush(at_last()));
    CHECK(sink->noted() == numbers{0, 1});
    CHECK(queue.lost() == 0);
}

TEST_CASE("the end of a queue waits for what was pushed, and destroys the sink on the sink's thread")
{
    struct ends : noting {
        explicit ends(std::thread::id& where) : where_{&where} {}
        ends(ends const&) = delete;
        ends& operator=(ends const&) = delete;
        ~ends() override { *where_ = std::this_thread::get_id(); }
        std::thread::id* where_;
    };
    std::atomic<int> written{0};
    std::thread::id written_on;
    std::thread::id ended_on;
    {
        auto sink = std::make_shared<ends>(ended_on);
        sink->on_write = [&](block_notice const&) {
            written_on = std::this_thread::get_id();
            ++written;
        };
        sink_queue queue{std::move(sink), 100};
        for (std::uint64_t i = 1; i <= 50; ++i) queue.push(notice_of(i));
        queue.close(60s);
        CHECK(written == 50);
        CHECK(queue.lost() == 0);
        CHECK(ended_on == written_on);
        CHECK(ended_on != std::thread::id{});
        queue.push(notice_of(51));
        CHECK(queue.lost() == 1);
        CHECK(queue.flush(test_clock::now()));
    }
    CHECK(written == 50);
}

TEST_CASE("a sink that never returns is left behind, with what waited counted, and is called no more")
{
    gated blocked;
    {
        sink_queue queue{blocked.sink, 100};
        for (std::uint64_t i = 1; i <= 5; ++i) queue.push(notice_of(i));
        blocked.way->wait_for_one();
        auto const began = test_clock::now();
        queue.close(20ms);
        auto const took = test_clock::now() - began;
        CHECK(took >= 20ms);
        CHECK(queue.lost() == 5);
        // Neither the second time nor the destructor waits once more.
        queue.close(60min);
    }
    blocked.way->open();
    CHECK(blocked.sink->noted() == numbers{1});
}

TEST_CASE("one that was left behind is destroyed once it returns after all")
{
    gated blocked;
    {
        sink_queue queue{blocked.sink, 100};
        queue.push(notice_of(1));
        queue.push(notice_of(2));
        blocked.way->wait_for_one();
        queue.close(0ns);
    }
    std::weak_ptr<noting> const sink = std::exchange(blocked.sink, nullptr);
    CHECK_FALSE(sink.expired());
    blocked.way->open();
    while (!sink.expired()) std::this_thread::yield();
}

TEST_CASE("a queue may be ended by its own sink, which then is not waited for")
{
    std::optional<sink_queue> queue;
    std::atomic<bool> ended{false};
    auto sink = std::make_shared<noting>();
    sink->on_write = [&](block_notice const&) {
        CHECK_FALSE(queue->flush(at_last()));
        queue->close(60s);
        queue.reset();
        ended = true;
    };
    // It is made, and given something to write, before the sink can see it.
    gate made;
    auto const end_it = std::exchange(sink->on_write, nullptr);
    sink->on_write = [&](block_notice const& notice) {
        made.pass();
        end_it(notice);
    };
    queue.emplace(sink, 10);
    queue->push(notice_of(1));
    queue->push(notice_of(2));
    made.wait_for_one();
    made.open();
    while (!ended) std::this_thread::yield();
    std::weak_ptr<noting> const last = sink;
    auto const noted = sink->noted();
    sink.reset();
    while (!last.expired()) std::this_thread::yield();
    CHECK(noted == numbers{1});
}

TEST_CASE("a sink may own its queue's owner")
{
    struct owner {
        std::optional<sink_queue> queue;
    };
    struct owning : noting {
        std::shared_ptr<owner> whose;
    };
    std::weak_ptr<owner> seen;
    {
        auto one = std::make_shared<owner>();
        auto sink = std::make_shared<owning>();
        sink->whose = one;
        one->queue.emplace(std::move(sink), 10);
        one->queue->push(notice_of(1));
        seen = one;
        one->queue->close(60s);  // the sink is destroyed, but this is not yet
        CHECK_FALSE(seen.expired());
    }
    CHECK(seen.expired());

    // And where the sink is the last owner, the queue ends in the sink's destructor.
    auto one = std::make_shared<owner>();
    seen = one;
    auto sink = std::make_shared<owning>();
    sink->whose = one;
    one->queue.emplace(std::move(sink), 10);
    auto& queue = *one->queue;
    one.reset();
    queue.close(0ns);
    while (!seen.expired()) std::this_thread::yield();
}

TEST_CASE("a queue asks once whether its sink wants every block")
{
    struct asked : noting {
        bool wants_every_block() const noexcept override
        {
            ++times;
            return true;
        }
        mutable std::atomic<int> times{0};
    };
    auto const wants = std::make_shared<asked>();
    sink_queue const queue{wants, 1};
    CHECK(queue.wants_every_block());
    CHECK(queue.wants_every_block());
    CHECK(wants->times == 1);
    sink_queue const other{std::make_shared<noting>(), 1};
    CHECK_FALSE(other.wants_every_block());
}

TEST_CASE("in the child of a fork a queue does nothing, and waits for nobody")
{
    gated blocked;
    auto queue = std::make_unique<sink_queue>(blocked.sink, 10);
    blocked.hold(*queue);
    // Its mutex is held by another thread at the fork now and then.
    std::atomic<bool> done{false};
    std::thread pushing{[&] {
        while (!done) queue->push(notice_of(2));
    }};
    for (int i = 0; i < 20; ++i) {
        pid_t const child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            ::alarm(60);
            queue->push(notice_of(3));
            queue->reopen();
            queue->set_most(5);
            bool const flushed = queue->flush(at_last());
            queue->close(60s);
            queue.reset();
            ::_exit(flushed ? 0 : 1);
        }
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 0);
    }
    done = true;
    pushing.join();
    blocked.way->open();
    queue->close(60s);
}
