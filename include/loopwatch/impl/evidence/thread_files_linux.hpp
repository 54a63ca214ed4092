// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/fixed.hpp"
#include "../base/view.hpp"
#include "../platform/thread.hpp"
#include "proc_text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

// Files of /proc that are read repeatedly stay open: opening one takes ten times as long as reading it.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A file that stays open between reads. A program that closes every descriptor, as daemons do, closes this one too,
/// and may then have a file of its own under the same number. So each use first checks that the file is still this one.
class kept_file {
public:
    kept_file() = default;
    ~kept_file() { close(); }
    kept_file(kept_file const&) = delete;
    kept_file& operator=(kept_file const&) = delete;

    bool open(char const* path)
    {
        close();
        descriptor_ = ::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (descriptor_ < 0) return false;
        struct stat s;
        if (::fstat(descriptor_, &s) == 0) {
            device_ = s.st_dev;
            inode_ = s.st_ino;
            return true;
        }
        ::close(descriptor_);
        descriptor_ = -1;
        return false;
    }

    [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

    /// Reads from the beginning: the kernel generates these files at each read. Returns the size, or -errno; -EBADF if
    /// the descriptor is no longer ours.
    long read(view<char> to)
    {
        if (!is_ours()) {
            descriptor_ = -1;
            return -EBADF;
        }
        ssize_t const size = ::pread(descriptor_, to.data(), to.size(), 0);
        return size >= 0 ? size : -errno;
    }

    void close()
    {
        if (is_open() && is_ours()) ::close(descriptor_);
        descriptor_ = -1;
    }

private:
    [[nodiscard]] bool is_ours() const
    {
        struct stat s;
        return ::fstat(descriptor_, &s) == 0 && s.st_dev == device_ && s.st_ino == inode_;
    }

    int descriptor_{-1};
    dev_t device_{};
    ino_t inode_{};
};

/// Restores errno at the end of its scope: a guard that ends may read these files on the program's own thread.
class kept_errno {
public:
    kept_errno() = default;
    ~kept_errno() { errno = value_; }
    kept_errno(kept_errno const&) = delete;
    kept_errno& operator=(kept_errno const&) = delete;

private:
    int value_{errno};
};

/// The files that are read in /proc/self/task/TID.
enum class proc_file : std::uint8_t { schedstat, syscall, stat, wchan, status };

/// A cache of open files, of the threads that were read last. Used under the watchdog's mutex.
///
/// A thread has its place in one of several sets, by its number, so that it is found at once also among a thousand.
class thread_files {
public:
    static constexpr std::size_t fewest_threads = 64;
    static constexpr std::size_t most_threads = 1024;
    static constexpr std::size_t kinds = 5;

    /// The instance that everything on the watchdog uses.
    static thread_files& shared()
    {
        static auto* const files = new thread_files;  // never destroyed, like the thread that uses it
        return *files;
    }

    thread_files() : thread_files{share_of_descriptors()} {}
    /// For each thread there is room for two files, which is what is read of most.
    explicit thread_files(std::size_t most_files)
        : most_files_{std::max(most_files, kinds)},
          sets_{std::clamp(most_files / 2, fewest_threads, most_threads) / ways},
          entries_{new entry[sets_ * ways]}
    {
    }
    thread_files(thread_files const&) = delete;
    thread_files& operator=(thread_files const&) = delete;
    ~thread_files() { delete[] entries_; }

    /// "" if it can't be read. The text lies in `buffer`.
    std::string_view read(thread_number thread, proc_file kind, view<char> buffer)
    {
        kept_errno const keep;
        drop_after_fork();
        entry& e = find(thread);
        kept_file& file = e.files[static_cast<std::size_t>(kind)];
        if (file.is_open()) {
            long const size = file.read(buffer);
            if (size > 0) return {buffer.data(), static_cast<std::size_t>(size)};
            // The thread has ended, and its number may have been reused; or the program closed its files.
            if (!file.is_open()) --open_;
            if (size == -ESRCH || size == -EBADF) close_all(e);
        }
        if (!open(e, kind)) return {};
        long const size = file.read(buffer);
        return {buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
    }

    /// How many files are open.
    [[nodiscard]] std::size_t size() const { return open_; }

private:
    struct entry {
        thread_number thread{0};
        std::uint64_t used_at{0};
        fixed<kept_file, kinds> files;
    };

    /// The most files to keep open: an eighth of the program's limit of descriptors.
    static std::size_t share_of_descriptors()
    {
        rlimit limit{};
        if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = 1024;
        return std::clamp<std::size_t>(limit.rlim_cur / 8, kinds, most_threads * kinds);
    }

    static std::size_t count_of(entry const& e)
    {
        std::size_t open = 0;
        for (kept_file const& each : e.files)
            if (each.is_open()) ++open;
        return open;
    }

    void close_all(entry& e)
    {
        open_ -= count_of(e);
        for (kept_file& each : e.files) each.close();
    }

    [[nodiscard]] view<entry> all() const { return {entries_, sets_ * ways}; }

    /// In the child of a fork the open files still show the parent.
    void drop_after_fork()
    {
        pid_t const now = ::getpid();
        if (now == process_) return;
        process_ = now;
        for (entry& e : all()) close_all(e);
    }

    entry& find(thread_number thread)
    {
        view<entry> const set = all().subspan(static_cast<std::size_t>(thread) % sets_ * ways, ways);
        entry* found = set.data();
        for (entry& e : set) {
            if (e.thread == thread) {
                found = &e;
                break;
            }
            if (e.used_at < found->used_at) found = &e;
        }
        if (found->thread != thread) {
            close_all(*found);
            found->thread = thread;
            forget_ended(*found);
        }
        found->used_at = ++uses_;
        return *found;
    }

    /// A thread that has ended is not asked for again, and would keep its files until another needs its place. So for
    /// each thread that is new two others are looked at: no more of the ended ones are kept than there are living ones.
    void forget_ended(entry const& except)
    {
        int left = 2;
        for (std::size_t i = 0; i < all().size() && left > 0; ++i) {
            entry& e = all()[next_to_check_];
            next_to_check_ = (next_to_check_ + 1) % all().size();
            if (&e == &except || e.thread == 0) continue;
            --left;
            if (!has_ended(e)) continue;
            close_all(e);
            e.thread = 0;
            e.used_at = 0;
        }
    }

    /// As far as its files tell.
    bool has_ended(entry& e)
    {
        for (kept_file& each : e.files) {
            if (!each.is_open()) continue;
            fixed<char, 64> buffer;
            long const size = each.read(buffer);
            if (!each.is_open()) --open_;  // the program has closed it
            return size == -ESRCH;
        }
        return true;
    }

    bool open(entry& e, proc_file kind)
    {
        static constexpr fixed<char const*, kinds> names{"schedstat", "syscall", "stat", "wchan", "status"};
        while (size() >= most_files_ && close_oldest_but(e)) {
        }
        fixed<char, 64> path{};
        std::snprintf(path.data(), path.size(), "/proc/self/task/%lld/%s", static_cast<long long>(e.thread),
                      names[static_cast<std::size_t>(kind)]);
        kept_file& file = e.files[static_cast<std::size_t>(kind)];
        if (file.is_open()) {
            file.close();
            --open_;
        }
        if (!file.open(path.data())) return false;
        ++open_;
        return true;
    }

    /// Closes the files of the thread that was read longest ago. False: no other has any open.
    bool close_oldest_but(entry const& except)
    {
        entry* oldest = nullptr;
        for (entry& e : all())
            if (&e != &except && count_of(e) > 0 && (oldest == nullptr || e.used_at < oldest->used_at)) oldest = &e;
        if (oldest != nullptr) close_all(*oldest);
        return oldest != nullptr;
    }

    static constexpr std::size_t ways = 8;

    std::size_t most_files_;
    std::size_t sets_;
    entry* entries_;
    std::size_t open_{0};
    std::size_t next_to_check_{0};
    std::uint64_t uses_{0};
    pid_t process_{::getpid()};
};

/// Whether a thread sleeps in the kernel, and in which system call.
inline seen_in_kernel look_into_kernel(thread_number thread, thread_files& files, kernel_sleep& to)
{
    fixed<char, 256> buffer;
    return parse_syscall(files.read(thread, proc_file::syscall, buffer), to);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
