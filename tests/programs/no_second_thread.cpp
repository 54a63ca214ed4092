// SPDX-License-Identifier: BSL-1.0

// Where the second of the library's threads can't be started, the first guard throws, and the first thread is not left.
#include "programs/expect.hpp"
#include "support/net.hpp"

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <system_error>

#include <dlfcn.h>
#include <pthread.h>

namespace {
int calls = 0;
bool refusing = true;

std::ptrdiff_t threads()
{
    using files = std::filesystem::directory_iterator;
    return std::distance(files{"/proc/self/task"}, files{});
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
    auto const before = threads();
    for (int i = 0; i < 5; ++i) {
        expect(!guard_can_be_made(), "without its second thread there is no guard");
        // One that was waited for may still be listed while it leaves.
        for (int tries = 0; tries < 1000 && threads() != before; ++tries) ::sched_yield();
        expect(threads() == before, "no thread is left");
    }
    refusing = false;
    expect(guard_can_be_made(), "once there are threads again, there is one");
}
