// SPDX-License-Identifier: BSL-1.0
#pragma once

// Blocks with names, as values: what the reporter judges, without a thread, a clock or a symbolizer.

#include <loopwatch/impl/analysis/named_block.hpp>

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace made {

using namespace loopwatch::detail;

inline constexpr char const* do_complete = "asio::detail::executor_op<app::h>::do_complete(void*)";
inline time_point const began_at{std::chrono::hours{1}};

inline loopwatch::frame function(std::string name, std::string module = "/home/me/app")
{
    loopwatch::frame f;
    f.function = std::move(name);
    f.module = std::move(module);
    return f;
}

inline std::vector<loopwatch::frame> stack(std::initializer_list<char const*> functions)
{
    std::vector<loopwatch::frame> all;
    for (char const* const each : functions) all.push_back(function(each));
    return all;
}

/// Of a thread in a handler.
inline std::vector<loopwatch::frame> handler(char const* users_function = "app::parse()")
{
    return stack({users_function, do_complete});
}

/// In a system call of the handler's.
inline std::vector<loopwatch::frame> handler_in_call(char const* call, char const* users_function = "app::parse()")
{
    auto all = handler(users_function);
    all.insert(all.begin(), function(call, "/lib/libc.so.6"));
    return all;
}

inline named_look look(nanoseconds after, std::vector<loopwatch::frame> frames, position where = position::handler)
{
    named_look one;
    one.thread = 7;
    one.taken_at = began_at + after;
    one.reading.thread = one.thread;
    one.reading.state = 'R';
    one.frames = std::move(frames);
    one.where = where;
    return one;
}

inline named_thread thread(std::initializer_list<named_look> looks, thread_life life = {})
{
    named_thread one;
    one.life = std::move(life);
    for (named_look const& each : looks) one.looks.push_back(each);
    one.last = one.looks.back().reading;
    return one;
}

/// How a thread spent the 100 ms of a block.
inline thread_life life(nanoseconds on_cpu, nanoseconds run_delay = {}, std::string name = {})
{
    thread_life one;
    one.name = std::move(name);
    one.from = {.known = true, .at = began_at};
    one.to = {.known = true,
              .at = began_at + std::chrono::milliseconds{100},
              .on_cpu = on_cpu,
              .run_delay = run_delay,
              .slices = 1};
    return one;
}

/// Of 100 ms, which a heartbeat ended.
inline named_block block(std::initializer_list<named_thread> threads)
{
    named_block one;
    one.waited = std::chrono::milliseconds{100};
    one.length = {one.waited, one.waited + std::chrono::milliseconds{1}};
    one.threshold = std::chrono::milliseconds{10};
    one.sent_at = began_at;
    one.reported_at = one.ended_at();
    for (named_thread const& each : threads) one.threads.push_back(each);
    return one;
}

}  // namespace made
