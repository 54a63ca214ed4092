// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/fixed.hpp"
#include "../platform/thread.hpp"
#include "../unwind/foreign_memory_linux.hpp"
#include "call_arguments.hpp"
#include "descriptor_linux.hpp"
#include "reading.hpp"
#include "system_calls.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include <csignal>

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// Reads what the arguments of a system call refer to, on a 64-bit machine. What they point to may be unmapped or
// overwritten meanwhile. So it is copied by the kernel, and the caller checks afterwards that the thread is still in
// the same call.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

class call_reader {
public:
    /// Fills in the other members of `call`, whose number and arguments are set.
    void operator()(call_reading& call)
    {
        call_shape const& shape = syscall_of(call.number).shape;
        memory_.forget();
        if (shape.path >= 0) read_path(argument_of(call, shape.path), call);
        // With a path, the descriptor of the folder that it is relative to is of no interest.
        if (call.path.empty()) {
            if (shape.descriptor >= 0) add_descriptor(as_int(argument_of(call, shape.descriptor)), call);
            if (shape.second_descriptor >= 0) add_descriptor(as_int(argument_of(call, shape.second_descriptor)), call);
        }
        if (shape.address >= 0)
            read_address(argument_of(call, shape.address), argument_of(call, shape.address + 1), call);
        switch (shape.special) {
            case subject::pollfds: read_pollfds(call); break;
            case subject::fd_sets: read_fd_sets(call); break;
            case subject::futex: read_futex(shape, call); break;
            case subject::futexes: read_futexes(call); break;
            case subject::plain:
            case subject::child:
            case subject::child_kind: break;
        }
        read_limit(shape, call);
        memory_.forget();
    }

private:
    static int as_int(std::uint64_t argument) { return static_cast<int>(static_cast<std::uint32_t>(argument)); }

    void read_path(std::uint64_t from, call_reading& call)
    {
        fixed<char, 128> text{};
        std::size_t size = 0;
        // In pieces that don't cross a page boundary: the next page may not be mapped.
        constexpr std::size_t piece = 16;
        while (size < text.size()) {
            std::size_t const step = std::min(piece - (from + size) % piece, text.size() - size);
            if (!memory_.read(from + size, text.data() + size, step)) return;
            auto const* const begin = text.data() + size;
            auto const* const end = std::find(begin, begin + step, '\0');
            size += static_cast<std::size_t>(end - begin);
            if (end != begin + step) break;
        }
        call.path = std::string_view{text.data(), size};
    }

    void read_address(std::uint64_t from, std::uint64_t size, call_reading& call)
    {
        if (from == 0 || size == 0 || size > call.address.bytes.size()) return;
        if (memory_.read(from, call.address.bytes.data(), size)) call.address.size = size;
    }

    void read_pollfds(call_reading& call)
    {
        constexpr std::uint64_t most = 256;
        std::uint64_t const size = call.arguments[1];
        for (std::uint64_t i = 0; i < std::min(size, most); ++i) {
            pollfd each{};
            if (!memory_.get(call.arguments[0] + i * sizeof each, each)) return;
            add_descriptor(each.fd, call);
        }
        if (size > most) call.descriptor_count += size - most;
    }

    void read_fd_sets(call_reading& call)
    {
        std::uint64_t const bits = std::min<std::uint64_t>(call.arguments[0], 4096);
        for (std::uint64_t word = 0; word * 64 < bits; ++word) {
            std::uint64_t any = 0;
            for (std::size_t set = 1; set <= 3; ++set) {
                std::uint64_t some = 0;
                if (call.arguments[set] != 0 && memory_.get(call.arguments[set] + word * sizeof some, some))
                    any |= some;
            }
            if (bits - word * 64 < 64) any &= (std::uint64_t{1} << (bits - word * 64)) - 1;
            for (; any != 0; any &= any - 1) add_descriptor(static_cast<int>(word * 64) + std::countr_zero(any), call);
        }
    }

    void read_futex(call_shape const& shape, call_reading& call)
    {
        std::uint64_t const at = call.arguments[0];
        if (!memory_.get(at, call.futex_word)) return;
        if (shape.limit != time_limit::of_futex) return;
        constexpr std::uint32_t thread_bits = 0x3fff'ffff;  // FUTEX_TID_MASK
        constexpr std::uint64_t is_private = 128;           // FUTEX_PRIVATE_FLAG
        futex_operation const operation = operation_of_futex(call.arguments[1]);
        if (locks(operation)) {
            call.mutex_owner = live_thread(call.futex_word & thread_bits);
            return;
        }
        if (operation != futex_operation::wait && operation != futex_operation::wait_bitset) return;
        auto const expected = static_cast<std::uint32_t>(call.arguments[2]);
        call.mutex_owner = owner_of_mutex(at, expected);
        // pthread_join() waits for the kernel to clear the thread's number, which wakes waiters of a shared futex only.
        if (expected == call.futex_word && (call.arguments[1] & is_private) == 0)
            call.awaited_thread = live_thread(expected);
    }

    /// The owner of glibc's mutex at `at`; 0: it is no mutex. Waiters for a mutex expect the value 2 (lowlevellock.h);
    /// for a robust one, the owner's number with FUTEX_WAITERS. In both the owner is two words further on:
    /// pthread_mutex_t begins with __lock, __count, __owner, __nusers, __kind. Waiters for condition variables,
    /// semaphores and threads mostly expect other values; if not, the words that follow don't look like these.
    thread_number owner_of_mutex(std::uint64_t at, std::uint32_t expected)
    {
        constexpr std::uint32_t has_waiters = 0x8000'0000;  // FUTEX_WAITERS
        constexpr std::uint32_t kinds = 0x3ff;              // types, robust, protocols, shared, elision
        struct {
            std::uint32_t owner, users, kind;
        } rest{};
        if (expected != 2 && (expected & has_waiters) == 0) return 0;
        if (!memory_.get(at + 8, rest) || rest.users == 0 || (rest.kind & ~kinds) != 0) return 0;
        return live_thread(rest.owner);
    }

    void read_futexes(call_reading& call)
    {
        fixed<std::uint64_t, 2> first{};  // the first struct futex_waitv: value, address
        if (memory_.get(call.arguments[0], first)) static_cast<void>(memory_.get(first[1], call.futex_word));
    }

    /// The number, if it is a live thread of this process; else 0.
    static thread_number live_thread(std::uint32_t number)
    {
        if (number == 0 || number > 0x3fff'ffff) return 0;
        return failed(system_call(SYS_tgkill, ::getpid(), static_cast<long>(number), 0)) ? 0 : number;
    }

    void read_limit(call_shape const& shape, call_reading& call)
    {
        std::uint64_t const at = shape.limit_at >= 0 ? argument_of(call, shape.limit_at) : 0;
        switch (shape.limit) {
            case time_limit::none: break;
            case time_limit::milliseconds:
                call.has_timeout = as_int(at) >= 0;
                if (call.has_timeout) call.timeout = nanoseconds{std::int64_t{1'000'000} * as_int(at)};
                break;
            case time_limit::timespec: read_time(at, 1, call); break;
            case time_limit::timeval: read_time(at, 1000, call); break;
            case time_limit::absolute: read_time_point(at, call); break;
            case time_limit::either_by_flag: {
                constexpr std::uint64_t is_absolute = 1;  // TIMER_ABSTIME
                if ((call.arguments[1] & is_absolute) != 0)
                    read_time_point(at, call);
                else
                    read_time(at, 1, call);
                break;
            }
            case time_limit::of_futex: {
                futex_operation const operation = operation_of_futex(call.arguments[1]);
                if (!waits(operation)) break;
                if (operation == futex_operation::wait)
                    read_time(at, 1, call);
                else
                    read_time_point(at, call);
                break;
            }
        }
    }

    void read_time_point(std::uint64_t at, call_reading& call)
    {
        read_time(at, 1, call);
        call.timeout_is_absolute = call.has_timeout;
    }

    /// Reads a timespec or a timeval. `unit`: nanoseconds per unit of its second member.
    void read_time(std::uint64_t at, std::int64_t unit, call_reading& call)
    {
        fixed<std::int64_t, 2> value{};
        if (at == 0 || !memory_.get(at, value)) return;
        constexpr std::int64_t second = 1'000'000'000;
        if (value[0] < 0 || value[1] < 0 || value[1] >= second / unit) return;
        call.has_timeout = true;
        call.timeout = value[0] >= nanoseconds::max().count() / second - 1
                           ? nanoseconds::max()
                           : nanoseconds{value[0] * second + value[1] * unit};
    }

    /// Ignores negative numbers: -1 of mmap and poll, AT_FDCWD.
    static void add_descriptor(int number, call_reading& call)
    {
        if (number < 0) return;
        std::size_t const at = call.descriptor_count++;
        if (at < call.descriptors.size()) call.descriptors[at] = read_descriptor(number);
    }

    foreign_memory memory_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
