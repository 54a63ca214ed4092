// SPDX-License-Identifier: BSL-1.0
#include "stage.hpp"
#include "suspect.hpp"

#include <cstdlib>
#include <ctime>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include <pthread.h>

// --- a future ---

static int render_thumbnail()
{
    std::this_thread::sleep_for(long_enough);
    return 1;
}

static int wait_for_thumbnail(std::future<int>& thumbnail) { return thumbnail.get(); }

static deed prepare_future()
{
    return []() -> asio::awaitable<void> {
        std::promise<int> made;
        auto thumbnail = made.get_future();
        std::jthread const renderer{[&made] { made.set_value(render_thumbnail()); }};
        wait_for_thumbnail(thumbnail);
        co_return;
    };
}

// --- a mutex ---

struct connection_pool {
    std::mutex mutex;
    int free_connections{1};
    other_side maintenance{"db-pool"};
};

static void replace_stale_connections(connection_pool& pool)
{
    std::lock_guard const lock{pool.mutex};
    std::this_thread::sleep_for(long_enough);
}

static int free_connections(connection_pool& pool)
{
    std::lock_guard const lock{pool.mutex};
    return pool.free_connections;
}

static deed prepare_mutex()
{
    return [pool = std::make_shared<connection_pool>()]() -> asio::awaitable<void> {
        asio::post(pool->maintenance.loop(), [&] { replace_stale_connections(*pool); });
        while (pool->mutex.try_lock()) {  // until the other thread has it
            pool->mutex.unlock();
            std::this_thread::yield();
        }
        free_connections(*pool);
        co_return;
    };
}

// --- a mutex that is held already ---

/// Of the kind that POSIX says waits for itself. That it waits with a limit lets the program go on.
class metrics {
public:
    metrics()
    {
        ::pthread_mutexattr_t kind;
        ::pthread_mutexattr_init(&kind);
        ::pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_NORMAL);
        ::pthread_mutex_init(&mutex_, &kind);
        ::pthread_mutexattr_destroy(&kind);
    }
    metrics(metrics const&) = delete;
    metrics& operator=(metrics const&) = delete;
    ~metrics() { ::pthread_mutex_destroy(&mutex_); }

    void count_request()
    {
        ::pthread_mutex_lock(&mutex_);
        count("requests");
        ::pthread_mutex_unlock(&mutex_);
    }

private:
    void count(char const* /*what*/)
    {
        ::timespec until{};
        ::clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += std::chrono::nanoseconds{long_enough}.count();
        until.tv_sec += until.tv_nsec / 1'000'000'000;
        until.tv_nsec %= 1'000'000'000;
        if (::pthread_mutex_timedlock(&mutex_, &until) != 0) return;
        ::pthread_mutex_unlock(&mutex_);
    }

    ::pthread_mutex_t mutex_{};
};

static deed prepare_self_deadlock()
{
    return [counters = std::make_shared<metrics>()]() -> asio::awaitable<void> {
        counters->count_request();
        co_return;
    };
}

// --- another program ---

static void run_converter()
{
    if (std::system("sleep 0.15") != 0) throw std::runtime_error{"sleep failed"};
}

static deed prepare_system()
{
    return []() -> asio::awaitable<void> {
        run_converter();
        co_return;
    };
}

std::vector<suspect> waiting()
{
    using loopwatch::cause;
    return {
        {"future", "waits for a future", prepare_future,
         verdict{cause::lock, "a future", "wait_for_thumbnail", "co_await the work instead of its future"}},
        {"mutex", "waits for a mutex that another thread holds", prepare_mutex,
         verdict{cause::lock, "\"db-pool\"", "free_connections", "guard the data with a strand", "db-pool"}},
        {"self_deadlock", "waits for a mutex that it holds itself", prepare_self_deadlock,
         verdict{cause::self_deadlock, "waits for a mutex that it holds", "count",
                 "release the mutex before locking it again"}},
        {"system", "runs another program", prepare_system,
         verdict{cause::blocking_call, "wait4(pid ", "run_converter", "co_await the child's end"}},
    };
}
