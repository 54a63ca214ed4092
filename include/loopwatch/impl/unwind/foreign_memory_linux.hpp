// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/fixed.hpp"
#include "../base/view.hpp"
#include "../platform/system_call.hpp"
#include "constant_blocks_linux.hpp"

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
    /// `constant`: keeps what need not be read again for each unwind; or null.
    explicit foreign_memory(constant_blocks* constant = nullptr) : constant_{constant}
    {
        forget();
        for (std::uintptr_t& block : needed_) block = nothing;
    }
    ~foreign_memory() { close_file(); }
    foreign_memory(foreign_memory const&) = delete;
    foreign_memory& operator=(foreign_memory const&) = delete;

    /// Drops the cache.
    void forget()
    {
        for (std::uintptr_t& block : held_) block = nothing;
        close_file();
    }

    /// Drops the cache, and reads by one call what was needed lately: an unwind mostly reads the same blocks as the one
    /// before, and a call for each takes ten times as long.
    void read_again()
    {
        forget();
        ++turn_;
        if (way_ != way::system_call) return;
        constexpr std::uint32_t lately = 2;
        fixed<std::uintptr_t, most_again> starts;
        std::size_t count = 0;
        for (std::size_t at = 0; at < block_count && count < starts.size(); ++at)
            if (needed_[at] != nothing && turn_ - needed_in_[at] <= lately) starts[count++] = needed_[at];
        if (count > 0) read_all({starts.data(), count});
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
            std::size_t const at = place_of(start);
            if (held_[at] != start && !fetch(start, at)) break;
            std::size_t const offset = from + done - start;
            std::size_t const piece = std::min(size - done, block_size - offset);
            std::memcpy(out + done, blocks_[at].data() + offset, piece);
            needed_in_[at] = turn_;
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
    static constexpr std::size_t block_size = constant_blocks::block_size;
    static constexpr std::size_t block_count = 128;
    static constexpr std::size_t most_again = 32;
    static constexpr std::uintptr_t nothing = ~std::uintptr_t{0};

    enum class way : std::uint8_t { system_call, file, none };

    bool fetch(std::uintptr_t start, std::size_t at)
    {
        held_[at] = nothing;
        if (std::byte const* const kept = constant_ == nullptr ? nullptr : constant_->find(start)) {
            std::memcpy(blocks_[at].data(), kept, block_size);
            held_[at] = start;
            needed_[at] = nothing;
            return true;
        }
        ++fetches_;
        long got = -EFAULT;
        if (way_ == way::system_call) {
            got = read_by_call(start, blocks_[at].data(), block_size);
            if (is_refused(got)) way_ = way::file;
        }
        if (way_ == way::file) got = read_file(start, blocks_[at].data());
        if (got != static_cast<long>(block_size)) return false;
        held_[at] = start;
        bool const is_constant = constant_ != nullptr && constant_->may_keep(start);
        if (is_constant) constant_->keep(start, blocks_[at].data());
        needed_[at] = is_constant ? nothing : start;
        return true;
    }

    /// Up to the first that is not readable.
    void read_all(view<std::uintptr_t const> starts)
    {
        fixed<iovec, most_again> from;
        fixed<iovec, most_again> into;
        for (std::size_t i = 0; i < starts.size(); ++i) {
            from[i] = {reinterpret_cast<void*>(starts[i]), block_size};
            into[i] = {blocks_[place_of(starts[i])].data(), block_size};
        }
        auto const count = static_cast<long>(starts.size());
        long const got = system_call(SYS_process_vm_readv, system_call(SYS_gettid), reinterpret_cast<long>(into.data()),
                                     count, reinterpret_cast<long>(from.data()), count, 0);
        std::size_t const whole = got > 0 ? static_cast<std::size_t>(got) / block_size : 0;
        for (std::uintptr_t const start : starts.first(whole)) held_[place_of(start)] = start;
        if (whole < starts.size()) needed_[place_of(starts[whole])] = nothing;
    }

    static std::size_t place_of(std::uintptr_t start) { return (start / block_size) % block_count; }

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

    fixed<std::uintptr_t, block_count> held_;        // the address of each cached block
    fixed<std::uintptr_t, block_count> needed_;      // the one that was read last, if it may have changed since
    fixed<std::uint32_t, block_count> needed_in_{};  // and by which turn
    std::uint32_t turn_{0};
    fixed<fixed<std::byte, block_size>, block_count> blocks_;
    constant_blocks* constant_;
    std::size_t fetches_{0};
    long file_{-1};
    way way_{way::system_call};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
