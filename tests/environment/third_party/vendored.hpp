// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <thread>

namespace vendored {

[[gnu::noinline]] inline void parse(std::chrono::milliseconds time)
{
    std::this_thread::sleep_for(time);
    __asm__ volatile("" ::: "memory");  // no tail call
}

}  // namespace vendored
