// SPDX-License-Identifier: BSL-1.0

// Where the second of the library's threads can't be started, the first guard throws, and the first thread is not left.
#include "programs/expect.hpp"
#include "support/net.hpp"

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <thread>

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>

namespace {
int calls = 0;
bool refusing = false;

std::ptrdiff_t threads()
{
    using files = std::filesystem::directory_iterator;
    return std::distance(files{"/proc/self/task"}, files{});
}

/// A thread that was waited for may still be listed while it leaves, on a busy machine for as long as others compute.
bool threads_become(std::ptrdiff_t count)
{
    auto const give_up = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (threads() != count && std::chrono::steady_clock::now() < give_up) ::sched_yield();
    return threads() == count;
}

bool guard_can_be_made()
{
    net::io_context ctx;
    try {
        loopwatch::no_loop_blocking const guard{ctx, std::chrono::milliseconds{10}};
        return true;
    } catch (std::system_error const& error) {
        expect(error.code().value() == EAGAIN, "it says why");
        return false;
    }
}
}  // namespace

// In front of libc's: every second call fails.
extern "C" int pthread_create(pthread_t* thread, pthread_attr_t const* attributes, void* (*function)(void*), void* data)
{
    static auto* const real = reinterpret_cast<decltype(&pthread_create)>(::dlsym(RTLD_NEXT, "pthread_create"));
    if (refusing && ++calls % 2 == 0) return EAGAIN;
    return real(thread, attributes, function, data);
}

int main()
{
    // Thread sanitizer starts a thread of its own with the first of the program's, and keeps it.
    std::thread{[] {}}.join();
    std::ptrdiff_t const before = LOOPWATCH_HAS_TSAN() ? 2 : 1;
    expect(threads_become(before), "nothing but the main thread is there");
    refusing = true;
    for (int i = 0; i < 5; ++i) {
        expect(!guard_can_be_made(), "without its second thread there is no guard");
        expect(threads_become(before), "no thread is left");
    }
    refusing = false;
    expect(guard_can_be_made(), "once there are threads again, there is one");
}
