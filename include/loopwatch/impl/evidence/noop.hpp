// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../platform/thread.hpp"
#include "reading.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

[[nodiscard]] inline thread_counters this_thread_counters() noexcept
{
    thread_counters none;
    none.at = clock::now();
    return none;
}

class thread_reader {
public:
    bool counters(thread_number, thread_counters& to)
    {
        to = {};
        to.at = clock::now();
        return false;
    }
    bool read(thread_number thread, thread_reading& to)
    {
        to = {};
        to.thread = thread;
        to.at = clock::now();
        return false;
    }
};

class process_reader {
public:
    static process_counters counters() { return {}; }
    void read(process_reading& to)
    {
        to = {};
        to.at = clock::now();
    }
};

class thread_list {
public:
    template <typename Take>
    bool list(Take const&)
    {
        return false;
    }
};

[[nodiscard]] inline descriptor_reading read_descriptor(int number)
{
    descriptor_reading d;
    d.number = number;
    return d;
}

inline bool may_wait_for_work(call_reading const&) { return false; }

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
