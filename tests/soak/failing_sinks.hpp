// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/stall.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <iterator>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <loopwatch/monitor.hpp>

// Sinks in each way in which one fails.

namespace soak {

/// What a blocked sink waits for.
class gate {
public:
    void wait()
    {
        std::unique_lock hold{mutex_};
        changed_.wait(hold, [&] { return open_; });
    }
    /// For good.
    void open()
    {
        std::lock_guard const hold{mutex_};
        open_ = true;
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_{false};
};

/// Writes to a device that is always full.
class full_disk final : public loopwatch::notice_sink {
public:
    full_disk() { reopen(); }
    full_disk(full_disk const&) = delete;
    full_disk& operator=(full_disk const&) = delete;
    ~full_disk() override { ::close(fd_); }
    void write(loopwatch::block_notice const& notice) override
    {
        std::string const text = to_string(notice);
        if (::write(fd_, text.data(), text.size()) < 0) throw std::system_error{errno, std::generic_category()};
    }
    void reopen() override
    {
        if (fd_ >= 0) ::close(fd_);
        fd_ = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    }

private:
    int fd_{-1};
};

inline constexpr int failing_at_once = 3;

/// The full disk, and some of these at random. The one that blocks does so until the gate is open.
template <typename Random>
std::vector<loopwatch::monitor_sink> failing_sinks(Random& random, std::shared_ptr<gate> const& blocks)
{
    std::vector<loopwatch::monitor_sink> const all{
        [](loopwatch::block_report const&) { throw std::runtime_error{"this sink throws"}; },
        [](loopwatch::block_report const&) { throw 1; },
        [](loopwatch::block_report const&) { std::this_thread::sleep_for(5ms); },
        [blocks](loopwatch::block_notice const&) { blocks->wait(); },
    };
    std::vector<loopwatch::monitor_sink> some{std::make_shared<full_disk>()};
    std::sample(all.begin(), all.end(), std::back_inserter(some), failing_at_once - 1, random);
    return some;
}

}  // namespace soak
