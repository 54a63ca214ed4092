// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <loopwatch/recording.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

/// A recording of three blocks of two loops, small enough to write down what becomes of it.
namespace pictured {

using namespace loopwatch;
using namespace std::chrono_literals;

inline std::chrono::system_clock::time_point at(std::chrono::nanoseconds since)
{
    return std::chrono::system_clock::time_point{} +
           std::chrono::duration_cast<std::chrono::system_clock::duration>(1'700'000'000s + since);
}

inline frame in(std::string function, std::string file, unsigned line)
{
    frame f;
    f.function = std::move(function);
    f.file = std::move(file);
    f.line = line;
    f.module = "/srv/shop";
    return f;
}

inline std::vector<frame> stack_of(std::string const& function, unsigned line)
{
    return {in(function, "/src/app.cpp", line), in("serve()", "/src/app.cpp", 9), in("main", "/src/main.cpp", 3)};
}

/// With four samples: three in one function, at two of its lines.
inline block_report a_computation()
{
    block_report b;
    b.number = 1;
    b.loop = "api";
    b.thread_id = 42;
    b.began_at = at(0ns);
    b.duration = 100ms;
    b.threshold = 20ms;
    b.cause = cause::cpu;
    b.evidence = "on CPU for 97% of 100 ms";
    b.stack = stack_of("parse(int)", 20);
    b.stack_quality = stack_quality::exact;
    b.samples = {{20ms, "on CPU", stack_of("parse(int)", 20), stack_quality::exact},
                 {30ms, "on CPU", stack_of("check(int)", 30), stack_quality::exact},
                 {50ms, "on CPU", stack_of("parse(int)", 21), stack_quality::exact},
                 {90ms, "between two handlers", {}, stack_quality::none}};
    return b;
}

/// With one sample, whose stack is its own.
inline block_report a_call()
{
    block_report b;
    b.number = 1;
    b.loop = "jobs";
    b.thread_id = 43;
    b.began_at = at(50ms + 1750ns);
    b.duration = 70ms + 250ns;
    b.threshold = 20ms;
    b.cause = cause::blocking_call;
    b.evidence = "recvfrom(fd 9)";
    b.fix = "use async_receive";
    b.stack = stack_of("fetch()", 40);
    b.stack_quality = stack_quality::exact;
    b.samples = {{20ms, "recvfrom(fd 9)", b.stack, stack_quality::exact}};
    return b;
}

/// That nobody is blamed for; of which there is no stack. It overlaps the computation.
inline block_report a_wait()
{
    block_report b;
    b.number = 1;
    b.loop = "api";
    b.began_at = at(60ms);
    b.duration = 30ms;
    b.cause = cause::starved;
    b.excuse = "it was given no CPU";
    b.stack_missing = "the thread was not scheduled";
    return b;
}

inline recording a_recording()
{
    return {{a_computation(), a_call(), a_wait()},
            {{"api", {{at(-10ms), 1500us}, {at(90ms), 80ms}}}, {"idle", {{at(0ns), 10us}}}},
            5};
}

}  // namespace pictured
