// SPDX-License-Identifier: BSL-1.0

// The thread that makes the first guard may be pinned, nice or real-time: the library's threads are not.
#include "programs/expect.hpp"
#include "support/net.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

pid_t thread_named(std::string const& wanted)
{
    for (auto const& entry : std::filesystem::directory_iterator{"/proc/self/task"}) {
        std::string name;
        std::getline(std::ifstream{entry.path() / "comm"}, name);
        if (name == wanted) return std::stoi(entry.path().filename());
    }
    return 0;
}

cpu_set_t cpus_of(pid_t thread)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    ::sched_getaffinity(thread, sizeof set, &set);
    return set;
}

bool is_real_time(pid_t thread)
{
    int const policy = ::sched_getscheduler(thread);
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

}  // namespace

int main()
{
    cpu_set_t const all = cpus_of(0);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &one);
    expect(::sched_setaffinity(0, sizeof one, &one) == 0, "a thread can be pinned");
    expect(::setpriority(PRIO_PROCESS, 0, 5) == 0, "a thread can be nice");
    sched_param priority{};
    priority.sched_priority = 10;
    bool const real_time = ::sched_setscheduler(0, SCHED_FIFO, &priority) == 0;  // a privilege
    if (!real_time) std::puts("not tried: a real-time thread, which this user may not have");

    net::io_context ctx;
    loopwatch::no_loop_blocking const guard{ctx, std::chrono::milliseconds{10}};
    expect(loopwatch::can_capture().works, "the watchdog is ready");

    for (char const* const name : {"loopwatch", "loopwatch-rep"}) {
        pid_t const thread = thread_named(name);
        expect(thread != 0, name);
        expect(!is_real_time(thread), "it is no real-time thread");
        cpu_set_t const cpus = cpus_of(thread);
        cpu_set_t expected = all;
        // A real-time thread keeps its CPU from all others.
        if (real_time && CPU_COUNT(&all) > 1) CPU_XOR(&expected, &all, &one);
        expect(CPU_EQUAL(&cpus, &expected) != 0,
               "it may run wherever the process may, but on a real-time thread's CPU");
    }
    if (real_time)
        expect(::getpriority(PRIO_PROCESS, static_cast<id_t>(thread_named("loopwatch"))) <= 0,
               "the watchdog is not nice");
    cpu_set_t const still = cpus_of(0);
    expect(CPU_EQUAL(&still, &one) != 0, "the thread itself is pinned as before");
    expect(is_real_time(0) == real_time, "and real-time as before");
}
