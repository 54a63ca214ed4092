// SPDX-License-Identifier: BSL-1.0

// Threads run short handlers, the one in the other, while this one reads what they write down: what was read together
// belongs together. Then the same with Asio's own.
//   handlers_read_meanwhile [seconds: 2]

#include "exact/written_down.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

constexpr std::uint32_t types = 6;

char const names[256]{};  // of objects and operations: only their addresses count

/// One number is in all that is written down of it.
template <std::uint32_t Type>
struct operation : exact::tracked {
    explicit operation(std::uint64_t key)
    {
        exact::origin& from = loopwatch_origin;
        from.started = key;
        from.operation = names + key % sizeof names;
        from.object_type = from.operation;
        from.object = reinterpret_cast<void const*>(key);
        from.native = key;
        from.file = from.operation;
        from.line = static_cast<std::uint32_t>(key);
        from.ready = key;
    }
    int ec_{0};  // as of those that wait for something
};

/// Its key's remainder is that of its type.
template <std::uint32_t Type = 0>
void run(std::uint64_t key, int deeper)
{
    if constexpr (Type < types) {
        if (key % types != Type) {
            run<Type + 1>(key, deeper);
            return;
        }
        operation<Type> const one{key};
        exact::completion const here{one};
        if (deeper > 0) {
            run(key * 5 + 1, deeper - 1);
            run(key * 7 + 3, deeper - 2);
        }
    }
}

template <std::uint32_t... Type>
std::array<std::uint32_t, types> numbers_of(std::integer_sequence<std::uint32_t, Type...>)
{
    return {exact::number_of<operation<Type>>.load()...};
}

struct result {
    std::uint64_t whole{0};  // read so
    std::uint64_t torn{0};   // and known to be
    std::uint64_t ended{0};  // meanwhile
    std::uint64_t wrong{0};
    std::uint64_t nested{0};  // of the whole ones
};

void say_wrong(result& to, char const* what)
{
    if (++to.wrong <= 10) std::printf("  WRONG: %s\n", what);
}

template <typename T>
T read(exact::cell<T> const& from)
{
    return from.load(std::memory_order_acquire);
}

/// As exact::running_handler says.
void read_all(result& to, std::array<std::uint32_t, types> const& numbers)
{
    for (exact::thread_record const* each = read(exact::state.records); each != nullptr; each = each->next) {
        std::uint64_t outer_began = 0;
        std::uint32_t const depth = read(each->depth);
        for (std::uint32_t place = 0; place < std::min(depth, exact::most_nested); ++place) {
            exact::running_handler const& from = each->running[place];
            std::uint64_t const whole = read(from.whole);
            std::uint64_t const key = read(from.started);
            auto const* const operation = read(from.operation);
            auto const* const object_type = read(from.object_type);
            auto const* const object = read(from.object);
            std::uint64_t const native = read(from.native);
            auto const* const file = read(from.file);
            std::uint32_t const line = read(from.line);
            std::uint64_t const ready = read(from.ready);
            std::uint32_t const type = read(from.type);
            std::uintptr_t const frame = read(from.frame);
            std::uint64_t const began = read(from.began);
            if (began != whole) {
                ++to.torn;
                break;
            }
            if (read(each->depth) <= place || read(from.began) != whole) {
                ++to.ended;
                break;
            }
            ++to.whole;
            if (place > 0) ++to.nested;
            if (operation != names + key % sizeof names || object_type != operation || file != operation ||
                object != reinterpret_cast<void const*>(key) || native != key || ready != key ||
                line != static_cast<std::uint32_t>(key))
                say_wrong(to, "it is put together from two");
            if (type != numbers[key % types]) say_wrong(to, "its type is another one's");
            if (frame == 0) say_wrong(to, "it has no frame");
            if (began < outer_began) say_wrong(to, "it began before the one around it");
            outer_began = began;
        }
    }
}

result made_up(std::chrono::milliseconds time)
{
    for (std::uint64_t key = 0; key < types; ++key) run(key + types, 0);  // so that each has its number
    auto const numbers = numbers_of(std::make_integer_sequence<std::uint32_t, types>{});
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < 2; ++i)
        threads.emplace_back([&stop, i] {
            for (std::uint64_t key = i + 1; !stop.load(std::memory_order_relaxed); key = key * 11 + 13) run(key, 4);
        });
    // Comes and goes, with the record of one before it.
    threads.emplace_back([&stop] {
        while (!stop) std::thread{[] { run(4711, 5); }}.join();
    });
    result all;
    auto const until = clock_type::now() + time;
    while (clock_type::now() < until)
        for (int i = 0; i < 1000; ++i) read_all(all, numbers);
    stop = true;
    for (auto& each : threads) each.join();
    for (auto const* each = exact::state.records.load(); each != nullptr; each = each->next)
        if (each != exact::mine && each->depth.load() != 0) say_wrong(all, "a thread that has ended is in a handler");
    return all;
}

struct ping {
    net::io_context* context;
    void operator()() const { net::post(*context, *this); }
};
struct pong {
    net::io_context* context;
    void operator()() const { net::post(*context, *this); }
};

/// Handlers of two types, each on threads of its own.
result asios(std::chrono::milliseconds time)
{
    result all;
    std::atomic<std::int32_t> numbers[2]{};
    net::io_context one{1};
    net::io_context other{1};
    net::post(one, [&] { numbers[0] = exact::mine->thread.load(); });
    net::post(other, [&] { numbers[1] = exact::mine->thread.load(); });
    net::post(one, ping{&one});
    net::post(other, pong{&other});
    std::thread first{[&] { one.run(); }};
    std::thread second{[&] { other.run(); }};
    while (numbers[0] == 0 || numbers[1] == 0) std::this_thread::yield();
    auto const until = clock_type::now() + time;
    while (clock_type::now() < until) {
        for (auto const* each = read(exact::state.records); each != nullptr; each = each->next) {
            exact::running_handler const& from = each->running[0];
            std::uint64_t const whole = read(from.whole);
            std::uint32_t const type = read(from.type);
            std::uint64_t const started = read(from.started);
            if (read(from.began) != whole) {
                ++all.torn;
                continue;
            }
            if (read(each->depth) == 0) {
                ++all.ended;
                continue;
            }
            ++all.whole;
            std::int32_t const thread = read(each->thread);
            auto const name = type_name(type);
            if (name.find("ping") != std::string_view::npos && thread != numbers[0])
                say_wrong(all, "ping on the other thread");
            if (name.find("pong") != std::string_view::npos && thread != numbers[1])
                say_wrong(all, "pong on the other thread");
            if (started > whole) say_wrong(all, "it was started after it began");
        }
    }
    one.stop();
    other.stop();
    first.join();
    second.join();
    return all;
}

bool tell(char const* of, result const& all)
{
    std::printf(
        "%s: %llu whole, %llu of them nested; %llu torn and %llu ended meanwhile, and known to be; %llu wrong\n", of,
        static_cast<unsigned long long>(all.whole), static_cast<unsigned long long>(all.nested),
        static_cast<unsigned long long>(all.torn), static_cast<unsigned long long>(all.ended),
        static_cast<unsigned long long>(all.wrong));
    if (all.whole == 0) std::printf("  WRONG: nothing was read\n");
    return all.wrong == 0 && all.whole > 0;
}

}  // namespace

int main(int count, char** arguments)
{
    std::chrono::milliseconds const time{(count > 1 ? std::atoi(arguments[1]) : 2) * 1000 / 2};
    bool const first = tell("made up", made_up(time));
    bool const second = tell("Asio's", asios(time));
    return first && second ? 0 : 1;
}
