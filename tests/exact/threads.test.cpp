// SPDX-License-Identifier: BSL-1.0

#include "exact/written_down.hpp"
#include "support/catch.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

auto thread_number() { return static_cast<std::int32_t>(::syscall(SYS_gettid)); }

void* run_it(void* what)
{
    (*static_cast<std::function<void()>*>(what))();
    return nullptr;
}

/// A thread that may end by pthread_exit.
void in_a_thread(std::function<void()> what)
{
    pthread_t thread{};
    int const created = ::pthread_create(&thread, nullptr, run_it, &what);
    int const joined = created == 0 ? ::pthread_join(thread, nullptr) : created;
    REQUIRE(joined == 0);  // here: Catch2 is for one thread at a time
}

void run_one_handler()
{
    net::io_context context{1};
    net::post(context, [] {});
    context.run();
}

/// What of a thread's records it sees in a handler that it runs when it ends.
struct seen_at_end {
    exact::thread_record* record{nullptr};
    std::uint32_t depth_after{0};
    int runs{0};
};

struct runs_handlers_at_end {
    seen_at_end* to{nullptr};
    ~runs_handlers_at_end()
    {
        if (to == nullptr) return;
        net::io_context context{1};
        net::post(context, [this] {
            ++to->runs;
            to->record = exact::mine;
        });
        context.run();
        to->depth_after = exact::mine->depth.load();
    }
};

/// By what the child has found out. All of it in the child without locks and memory of others.
template <typename Child>
int status_of_child(Child const& child)
{
    ::pid_t const pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) ::_exit(child());
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("a thread has a record from its first handler on, and leaves it at its end")
{
    exact::thread_record* record = nullptr;
    in_a_thread([&] {
        CHECK(exact::mine == nullptr);
        run_one_handler();
        record = exact::mine;
        REQUIRE(record != nullptr);
        CHECK(record->thread.load() == thread_number());
        CHECK(record->depth.load() == 0);
    });
    CHECK(record->thread.load() == 0);
    CHECK(record->depth.load() == 0);
}

TEST_CASE("a thread that ends in a handler is in none")
{
    exact::thread_record* record = nullptr;
    in_a_thread([&] {
        net::io_context context{1};
        net::post(context, [&] {
            record = exact::mine;
            net::io_context nested{1};
            net::post(nested, [] { ::pthread_exit(nullptr); });
            nested.run();
        });
        context.run();
    });
    REQUIRE(record != nullptr);
    CHECK(record->depth.load() == 0);
    CHECK(record->thread.load() == 0);
}

TEST_CASE("a thread that ends in a handler of which nothing was unwound is in none")
{
    exact::thread_record* record = nullptr;
    exact::tracked const operation;
    alignas(exact::completion) std::array<std::byte, sizeof(exact::completion)> never_destroyed{};
    in_a_thread([&] {
        new (never_destroyed.data()) exact::completion{operation};
        record = exact::mine;
        CHECK(record->depth.load() == 1);
    });
    CHECK(record->depth.load() == 0);
    CHECK(record->thread.load() == 0);
}

TEST_CASE("many short threads share a few records")
{
    in_a_thread(run_one_handler);
    auto const before = number_of_records();
    for (int i = 0; i < 1000; ++i) in_a_thread(run_one_handler);
    CHECK(number_of_records() == before);

    constexpr int at_once = 12;
    for (int round = 0; round < 20; ++round) {
        std::vector<std::thread> threads;
        for (int i = 0; i < at_once; ++i) threads.emplace_back(run_one_handler);
        for (auto& each : threads) each.join();
    }
    CHECK(number_of_records() <= before + at_once);
    CHECK(number_of_taken_records() <= 1);
}

TEST_CASE("no two threads have one record at a time")
{
    constexpr std::size_t many = 16;
    std::vector<exact::thread_record*> records(many);
    std::atomic<std::size_t> ready{0};
    std::vector<std::thread> threads;
    threads.reserve(many);
    for (std::size_t i = 0; i < many; ++i)
        threads.emplace_back([&, i] {
            run_one_handler();
            records[i] = exact::mine;
            ++ready;
            while (ready < many) std::this_thread::yield();
        });
    for (auto& each : threads) each.join();
    std::sort(records.begin(), records.end());
    CHECK(std::unique(records.begin(), records.end()) == records.end());
    for (auto const* each : records) CHECK(each->thread.load() == 0);
}

TEST_CASE("handlers that a thread runs when it has left its record are nobody's")
{
    seen_at_end seen;
    std::size_t records = 0;
    in_a_thread([&] {
        static thread_local runs_handlers_at_end first;  // so it is destroyed after what leaves the record
        first.to = &seen;
        run_one_handler();
        records = number_of_records();
    });
    CHECK(seen.runs == 1);
    CHECK(seen.record == &exact::nobodys);
    CHECK(seen.depth_after == 0);
    CHECK(number_of_records() == records);
}

TEST_CASE("handlers that a thread runs at its end, before it leaves its record, are its own")
{
    seen_at_end seen;
    exact::thread_record* own = nullptr;
    in_a_thread([&] {
        run_one_handler();
        own = exact::mine;
        static thread_local runs_handlers_at_end last;
        last.to = &seen;
    });
    CHECK(seen.runs == 1);
    CHECK(seen.record == own);
    CHECK(own->thread.load() == 0);
    CHECK(own->depth.load() == 0);
}

TEST_CASE("in the child of a fork this thread goes on, and the others are gone")
{
    std::atomic<bool> is_in{false};
    std::atomic<bool> may_go{false};
    std::thread other{[&] {
        net::io_context context{1};
        net::post(context, [&] {
            is_in = true;
            while (!may_go) std::this_thread::yield();
        });
        context.run();
    }};
    while (!is_in) std::this_thread::yield();

    net::io_context context{1};
    int status = -1;
    std::uint32_t after = 7;
    net::post(context, [&] {
        status = status_of_child([&] {
            if (exact::mine->thread.load() != thread_number()) return 1;
            if (depth() != 1) return 2;
            if (number_of_taken_records() != 1) return 3;
            for (auto const* each = exact::state.records.load(); each != nullptr; each = each->next)
                if (each != exact::mine && each->depth.load() != 0) return 4;
            std::uint32_t nested = 0;
            net::io_context own{1};
            net::post(own, [&] { nested = depth(); });
            own.run();
            if (nested != 2) return 5;
            return depth() == 1 ? 0 : 6;
        });
        after = depth();
    });
    context.run();
    CHECK(status == 0);
    CHECK(after == 1);
    CHECK(number_of_taken_records() == 2);
    may_go = true;
    other.join();
    CHECK(number_of_taken_records() == 1);
}

TEST_CASE("the threads of a pool are in the handlers that they run")
{
    net::thread_pool pool{4};
    std::atomic<int> wrong{0};
    std::atomic<int> runs{0};
    auto const strand = net::make_strand(pool);
    for (int i = 0; i < 1000; ++i) {
        net::post(pool, [&] {
            ++runs;
            if (depth() != 1 || exact::mine->thread.load() != thread_number()) ++wrong;
        });
        net::post(strand, [&] {
            ++runs;
            if (depth() != 2) ++wrong;
        });
    }
    pool.join();
    CHECK(runs == 2000);
    CHECK(wrong == 0);
    CHECK(number_of_taken_records() <= 1);
}
