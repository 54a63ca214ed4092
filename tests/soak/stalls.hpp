// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "machine.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

// The stalls that are injected: one function for each way in which code blocks a loop.

namespace soak {

using loopwatch::cause;

enum class kind { cpu, call, lock, self_deadlock, disk, backlog };
inline constexpr std::array all_kinds{kind::cpu,           kind::call, kind::lock,
                                      kind::self_deadlock, kind::disk, kind::backlog};
inline constexpr std::array<cause, all_kinds.size()> causes{cause::cpu,           cause::blocking_call, cause::lock,
                                                            cause::self_deadlock, cause::disk,          cause::backlog};
[[nodiscard]] constexpr cause cause_of(kind k) { return causes.at(static_cast<std::size_t>(k)); }

/// What was done to one loop, measured on its own thread.
struct stall {
    soak::kind kind{};
    std::size_t loop{};
    time_point posted_at{};   ///< before its handler was posted
    time_point began_at{};    ///< its handler ran
    time_point ended_at{};    ///< its handler was about to return
    time_point drained_at{};  ///< what had been posted until then had run
    nanoseconds cpu_time{};   ///< of the loop's thread, while it lasted
    nanoseconds cpu_waits{};  ///< for how long that thread was kept from a CPU meanwhile

    [[nodiscard]] nanoseconds length() const { return ended_at - began_at; }
};

/// Measures a stall from its own thread, which both functions must be called on.
class stopwatch {
public:
    explicit stopwatch(stall& s) : stall_{s}
    {
        cpu_time_ = cpu_time_of_this_thread();
        cpu_waits_ = cpu_waits_of_this_thread();
        stall_.began_at = test_clock::now();
    }
    void stop()
    {
        stall_.ended_at = test_clock::now();
        stall_.cpu_time = cpu_time_of_this_thread() - cpu_time_;
        stall_.cpu_waits = cpu_waits_of_this_thread() - cpu_waits_;
    }

private:
    stall& stall_;
    nanoseconds cpu_time_{}, cpu_waits_{};
};

/// Holds a mutex for as long as it is asked to, on a thread of its own.
class holder {
public:
    holder() : thread_{[this] { run(); }} {}
    holder(holder const&) = delete;
    holder& operator=(holder const&) = delete;
    ~holder()
    {
        order(nanoseconds{0});
        thread_.join();
    }

    [[nodiscard]] std::mutex& mutex() { return held_; }

    /// Returns when it is held.
    void hold_for(nanoseconds length)
    {
        order(length);
        std::unique_lock hold{mutex_};
        changed_.wait(hold, [&] { return holds_; });
        holds_ = false;
    }

private:
    void order(nanoseconds length)
    {
        std::lock_guard const hold{mutex_};
        length_ = length;
        ordered_ = true;
        changed_.notify_all();
    }
    void run()
    {
        ::pthread_setname_np(::pthread_self(), "holder");
        for (;;) {
            nanoseconds length{};
            {
                std::unique_lock hold{mutex_};
                changed_.wait(hold, [&] { return ordered_; });
                ordered_ = false;
                length = length_;
            }
            if (length == nanoseconds{0}) return;
            std::lock_guard const hold{held_};
            {
                std::lock_guard const tell{mutex_};
                holds_ = true;
                changed_.notify_all();
            }
            std::this_thread::sleep_for(length);
        }
    }

    std::mutex held_;
    std::mutex mutex_;
    std::condition_variable changed_;
    nanoseconds length_{};
    bool ordered_{false};
    bool holds_{false};
    std::thread thread_;
};

/// A file on a disk, and not in the folder for temporary files, which may be memory.
class disk_file {
public:
    disk_file()
    {
        std::string name = "/var/tmp/loopwatch-soak-XXXXXX";
        fd_ = ::mkostemp(name.data(), O_CLOEXEC);
        if (fd_ < 0) throw std::system_error{errno, std::generic_category(), name};
        ::unlink(name.c_str());
    }
    disk_file(disk_file const&) = delete;
    disk_file& operator=(disk_file const&) = delete;
    ~disk_file() { ::close(fd_); }

    /// Into the system's memory only.
    void fill(std::size_t megabytes) const
    {
        static std::string const block(1 << 20, 'x');
        for (std::size_t i = 0; i < megabytes; ++i)
            if (::pwrite(fd_, block.data(), block.size(), static_cast<off_t>(i * block.size())) < 0)
                throw std::system_error{errno, std::generic_category(), "/var/tmp"};
    }
    [[nodiscard]] int descriptor() const { return fd_; }

private:
    int fd_{-1};
};

[[gnu::noinline]] inline void wait_in_a_call(nanoseconds length)
{
    ::poll(nullptr, 0, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(length).count()));
}
[[gnu::noinline]] inline void wait_for_the_holder(std::mutex& held) { std::lock_guard const hold{held}; }
[[gnu::noinline]] inline void wait_for_itself(nanoseconds length)
{
    std::timed_mutex mutex;
    mutex.lock();
    static_cast<void>(mutex.try_lock_for(length));
    mutex.unlock();
}
[[gnu::noinline]] inline void write_to_disk(disk_file const& file) { ::fdatasync(file.descriptor()); }
[[gnu::noinline]] inline void handle_a_little() { spin_through(1ms); }

/// Blocks one loop, one stall after the other.
class injector {
public:
    injector(net::io_context& on, std::size_t number) : context_{on}, number_{number} {}

    /// Returns when it is over, and what was queued behind it has run.
    [[nodiscard]] stall inject(kind what, nanoseconds length)
    {
        stall s{.kind = what, .loop = number_};
        std::size_t const megabytes = disk_megabytes(length);
        if (what == kind::disk) file_.fill(megabytes);
        if (what == kind::lock) holder_.hold_for(length);
        std::promise<void> drained;
        auto const at_end = [&](stopwatch& watch) {
            watch.stop();
            post(context_, [&] {
                s.drained_at = test_clock::now();
                drained.set_value();
            });
        };
        std::optional<stopwatch> watch;
        s.posted_at = test_clock::now();
        if (what == kind::backlog) {
            int const handlers = static_cast<int>(length / 1ms);
            post(context_, [&, handlers] {
                // A heartbeat may have its turn between this handler and the first of these.
                post(context_, [&] {
                    watch.emplace(s);
                    handle_a_little();
                });
                for (int i = 2; i < handlers; ++i) post(context_, [] { handle_a_little(); });
                post(context_, [&] {
                    handle_a_little();
                    at_end(*watch);
                });
            });
        } else {
            post(context_, [&] {
                watch.emplace(s);
                block(what, length);
                at_end(*watch);
            });
        }
        drained.get_future().wait();
        if (what == kind::disk) learn_from(s.length() / static_cast<int>(megabytes));
        return s;
    }

private:
    void block(kind what, nanoseconds length)
    {
        switch (what) {
            case kind::cpu: spin_through(length); break;
            case kind::call: wait_in_a_call(length); break;
            case kind::lock: wait_for_the_holder(holder_.mutex()); break;
            case kind::self_deadlock: wait_for_itself(length); break;
            case kind::disk: write_to_disk(file_); break;
            case kind::backlog: break;
        }
    }

    /// As many as this disk takes that time for, as far as is known.
    [[nodiscard]] std::size_t disk_megabytes(nanoseconds length) const
    {
        constexpr std::size_t most = 256;  // a disk that is faster than this can't be made to wait
        return std::clamp<std::size_t>(static_cast<std::size_t>(length / per_megabyte_), 1, most);
    }
    void learn_from(nanoseconds per_megabyte)
    {
        per_megabyte_ = std::clamp<nanoseconds>((per_megabyte_ + per_megabyte) / 2, 50us, 50ms);
    }

    net::io_context& context_;
    std::size_t number_;
    holder holder_;
    disk_file file_;
    nanoseconds per_megabyte_{1ms};
};

}  // namespace soak
