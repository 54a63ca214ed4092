// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <condition_variable>
#include <mutex>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A value that one thread sets, once, and others wait for. Not std::atomic::wait(): where there is no futex,
/// libstdc++ 12 compares the value before it locks the mutex under which it waits, and misses a notification between.
template <typename T>
class awaited {
public:
    void set(T value)
    {
        {
            std::lock_guard const hold{mutex_};
            value_ = value;
            is_set_ = true;
        }
        set_.notify_all();
    }

    [[nodiscard]] T wait()
    {
        std::unique_lock hold{mutex_};
        while (!is_set_) set_.wait(hold);
        return value_;
    }

private:
    std::mutex mutex_;
    std::condition_variable set_;
    T value_{};
    bool is_set_{false};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
