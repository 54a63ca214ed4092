// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/fixed.hpp"
#include "../platform/system_call.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <fcntl.h>
#include <sys/uio.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// Two ways to read memory of this process that may be unmapped meanwhile, for example when another thread unloads a
// library. Each returns how many bytes were readable from `from` on, or -errno if none, and is async-signal-safe. They
// take the kernel's lock of the address space: while another thread is inside a huge munmap, they wait.

/// By process_vm_readv.
LOOPWATCH_UNINSTRUMENTED inline long read_by_call(std::uintptr_t from, void* to, std::size_t size)
{
    constexpr std::size_t page = 4096;  // the smallest there is: right for larger ones too
    constexpr unsigned most = 17;
    // A thread and not the process: once main() has ended by pthread_exit(), the process by its number has no memory.
    long const self = system_call(SYS_gettid);
    std::size_t done = 0;
    while (done < size) {
        // One element per page: "partial transfers apply at the granularity of iovec elements" (process_vm_readv(2)).
        iovec pieces[most];
        unsigned count = 0;
        std::size_t asked = 0;
        while (count < most && done + asked < size) {
            std::uintptr_t const at = from + done + asked;
            std::size_t length = page - (at & (page - 1));
            if (length > size - done - asked) length = size - done - asked;
            pieces[count].iov_base = reinterpret_cast<void*>(at);
            pieces[count++].iov_len = length;
            asked += length;
        }
        iovec into;
        into.iov_base = static_cast<char*>(to) + done;
        into.iov_len = asked;
        long const got = system_call(SYS_process_vm_readv, self, reinterpret_cast<long>(&into), 1,
                                     reinterpret_cast<long>(pieces), static_cast<long>(count), 0);
        if (got <= 0) return done > 0 ? static_cast<long>(done) : (got == 0 ? -EFAULT : got);
        done += static_cast<std::size_t>(got);
        if (static_cast<std::size_t>(got) < asked) break;
    }
    return static_cast<long>(done);
}

/// Whether process_vm_readv failed because it is not available: forbidden by a container's seccomp filter, with any
/// error, or missing in qemu-user. Unreadable memory is EFAULT.
[[gnu::always_inline]] inline bool is_refused(long result) { return failed(result) && result != -EFAULT; }

/// Opens the process's memory as a file; returns -errno on failure. After a fork the file still shows the parent.
[[gnu::always_inline]] inline long open_own_memory()
{
    return system_call(SYS_openat, AT_FDCWD, reinterpret_cast<long>("/proc/thread-self/mem"), O_RDONLY | O_CLOEXEC);
}

/// By a file that open_own_memory() has opened.
LOOPWATCH_UNINSTRUMENTED inline long read_by_file(long file, std::uintptr_t from, void* to, std::size_t size)
{
    long const got =
        system_call(SYS_pread64, file, reinterpret_cast<long>(to), static_cast<long>(size), static_cast<long>(from));
    return got > 0 || size == 0 ? got : -EFAULT;
}

/// By the first of the two that is permitted; returns what that returns.
LOOPWATCH_UNINSTRUMENTED inline long read_own_memory(std::uintptr_t from, void* to, std::size_t size)
{
    long const got = read_by_call(from, to, size);
    if (!is_refused(got)) return got;
    long const file = open_own_memory();
    if (file < 0) return got;
    long const got_by_file = read_by_file(file, from, to, size);
    system_call(SYS_close, file);
    return got_by_file;
}

/// Reads memory of this process that other threads may unmap: plain loads crashed the watchdog 12 times in 100'000
/// captures of a program that loads and unloads libraries. To be used by one thread. Caches what it read in blocks, so
/// that the thousands of small reads of an unwind become dozens of system calls; call forget() before each unwind.
///
/// Where process_vm_readv is refused it keeps /proc/thread-self/mem open during an unwind. It never writes to a
/// descriptor: a program that closes all descriptors may have a file of its own under the same number.
class foreign_memory {
public:
    foreign_memory() { forget(); }
    ~foreign_memory() { close_file(); }
    foreign_memory(foreign_memory const&) = delete;
    foreign_memory& operator=(foreign_memory const&) = delete;

    /// Drops the cache.
    void forget()
    {
        for (std::uintptr_t& block : held_) block = nothing;
        close_file();
    }

    /// False: not all of it is readable; `to` is then partly written.
    [[nodiscard]] bool read(std::uintptr_t from, void* to, std::size_t size)
    {
        return read_some(from, to, size) == size;
    }

    /// How many bytes from `from` on were readable.
    [[nodiscard]] std::size_t read_some(std::uintptr_t from, void* to, std::size_t size)
    {
        auto* out = static_cast<std::byte*>(to);
        std::size_t done = 0;
        while (done < size) {
            std::uintptr_t const start = (from + done) & ~std::uintptr_t{block_size - 1};
            std::size_t const at = (start / block_size) % block_count;
            if (held_[at] != start && !fetch(start, at)) break;
            std::size_t const offset = from + done - start;
            std::size_t const piece = std::min(size - done, block_size - offset);
            std::memcpy(out + done, blocks_[at].data() + offset, piece);
            done += piece;
        }
        return done;
    }

    template <typename T>
    [[nodiscard]] bool get(std::uintptr_t from, T& to)
    {
        static_assert(std::is_trivially_copyable_v<T>);
        return read(from, &to, sizeof to);
    }

    /// Whether the kernel refuses both ways, so that nothing can be read.
    [[nodiscard]] bool refused() const { return way_ == way::none; }

    /// How many blocks were fetched since construction.
    [[nodiscard]] std::size_t fetches() const { return fetches_; }

private:
    // 512 divides every page size: a block is readable as a whole or not at all.
    static constexpr std::size_t block_size = 512;
    static constexpr std::size_t block_count = 128;
    static constexpr std::uintptr_t nothing = ~std::uintptr_t{0};

    enum class way : std::uint8_t { system_call, file, none };

    bool fetch(std::uintptr_t start, std::size_t at)
    {
        ++fetches_;
        held_[at] = nothing;
        long got = -EFAULT;
        if (way_ == way::system_call) {
            got = read_by_call(start, blocks_[at].data(), block_size);
            if (is_refused(got)) way_ = way::file;
        }
        if (way_ == way::file) got = read_file(start, blocks_[at].data());
        if (got != static_cast<long>(block_size)) return false;
        held_[at] = start;
        return true;
    }

    long read_file(std::uintptr_t start, std::byte* to)
    {
        // Opened anew for each unwind: after a fork, an old one would still show the parent.
        if (file_ < 0) file_ = open_own_memory();
        if (file_ < 0) {
            way_ = way::none;
            return -EACCES;
        }
        return read_by_file(file_, start, to, block_size);
    }

    void close_file()
    {
        if (file_ >= 0) system_call(SYS_close, file_);
        file_ = -1;
    }

    fixed<std::uintptr_t, block_count> held_;  // the address of each cached block
    fixed<fixed<std::byte, block_size>, block_count> blocks_;
    std::size_t fetches_{0};
    long file_{-1};
    way way_{way::system_call};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
