// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/detail/evidence/call_shape.hpp>
#include <loopwatch/detail/evidence/system_call_names.hpp>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#if LOOPWATCH_HAS_LINUX()
#include <sys/syscall.h>
#endif

using namespace loopwatch::detail;

static_assert(name_of_system_call(0, system_calls_of_x86_64) == "read");
static_assert(name_of_system_call(334, system_calls_of_x86_64) == "rseq");
static_assert(name_of_system_call(63, system_calls_of_aarch64) == "read");
static_assert(name_of_system_call(293, system_calls_of_aarch64) == "rseq");
static_assert(name_of_system_call(441, system_calls_of_aarch64) == "epoll_pwait2");

TEST_CASE("numbers without a system call have no name", "[system_call_names][portable]")
{
    for (auto const& table :
         {view<char const* const>{system_calls_of_x86_64}, view<char const* const>{system_calls_of_aarch64}}) {
        CHECK(name_of_system_call(-1, table).empty());
        CHECK(name_of_system_call(static_cast<long>(table.size()), table).empty());
        CHECK(name_of_system_call(423, table).empty());
        CHECK(name_of_system_call(424, table) == "pidfd_send_signal");
        CHECK(name_of_system_call(469, table) == "file_setattr");
        CHECK(name_of_system_call(470, table).empty());
        CHECK(name_of_system_call(0x4000'0000L, table).empty());
    }
    CHECK(name_of_system_call(244, system_calls_of_aarch64).empty());  // reserved for the machine, which has none
}

TEST_CASE("no machine has one name twice", "[system_call_names][portable]")
{
    auto const unique = [](view<char const* const> own) {
        std::set<std::string_view> seen;
        for (long i = 0; i < 480; ++i)
            if (auto const name = name_of_system_call(i, own); !name.empty() && !seen.insert(name).second) return false;
        return true;
    };
    CHECK(unique(system_calls_of_x86_64));
    CHECK(unique(system_calls_of_aarch64));
}

TEST_CASE("what is said of arguments is said of calls that there are, once each", "[system_call_names][portable]")
{
    std::set<std::string_view> known;
    for (long i = 0; i < 480; ++i)
        for (view<char const* const> const own :
             {view<char const* const>{system_calls_of_x86_64}, view<char const* const>{system_calls_of_aarch64}})
            known.insert(name_of_system_call(i, own));
    std::set<std::string_view> seen;
    for (call_shape const& each : call_shapes) {
        INFO(each.name);
        CHECK(known.contains(each.name));
        CHECK(seen.insert(each.name).second);
        CHECK((each.limit == time_limit::none) == (each.limit_at < 0));
    }
}

#if LOOPWATCH_HAS_LINUX_X86_64() || LOOPWATCH_HAS_LINUX_AARCH64()
TEST_CASE("the names are those of this machine's headers", "[system_call_names]")
{
    constexpr auto expected = std::to_array<std::pair<long, std::string_view>>({
        {SYS_read, "read"},
        {SYS_write, "write"},
        {SYS_close, "close"},
        {SYS_lseek, "lseek"},
        {SYS_mmap, "mmap"},
        {SYS_mprotect, "mprotect"},
        {SYS_munmap, "munmap"},
        {SYS_brk, "brk"},
        {SYS_ioctl, "ioctl"},
        {SYS_pread64, "pread64"},
        {SYS_pwrite64, "pwrite64"},
        {SYS_readv, "readv"},
        {SYS_writev, "writev"},
        {SYS_sched_yield, "sched_yield"},
        {SYS_mremap, "mremap"},
        {SYS_msync, "msync"},
        {SYS_madvise, "madvise"},
        {SYS_dup, "dup"},
        {SYS_nanosleep, "nanosleep"},
        {SYS_getpid, "getpid"},
        {SYS_sendfile, "sendfile"},
        {SYS_socket, "socket"},
        {SYS_connect, "connect"},
        {SYS_accept, "accept"},
        {SYS_sendto, "sendto"},
        {SYS_recvfrom, "recvfrom"},
        {SYS_sendmsg, "sendmsg"},
        {SYS_recvmsg, "recvmsg"},
        {SYS_shutdown, "shutdown"},
        {SYS_bind, "bind"},
        {SYS_listen, "listen"},
        {SYS_clone, "clone"},
        {SYS_execve, "execve"},
        {SYS_exit, "exit"},
        {SYS_wait4, "wait4"},
        {SYS_kill, "kill"},
        {SYS_fcntl, "fcntl"},
        {SYS_flock, "flock"},
        {SYS_fsync, "fsync"},
        {SYS_fdatasync, "fdatasync"},
        {SYS_truncate, "truncate"},
        {SYS_ftruncate, "ftruncate"},
        {SYS_gettid, "gettid"},
        {SYS_futex, "futex"},
        {SYS_sched_setaffinity, "sched_setaffinity"},
        {SYS_io_setup, "io_setup"},
        {SYS_io_getevents, "io_getevents"},
        {SYS_exit_group, "exit_group"},
        {SYS_clock_gettime, "clock_gettime"},
        {SYS_clock_nanosleep, "clock_nanosleep"},
        {SYS_tgkill, "tgkill"},
        {SYS_mq_timedreceive, "mq_timedreceive"},
        {SYS_mq_timedsend, "mq_timedsend"},
        {SYS_waitid, "waitid"},
        {SYS_openat, "openat"},
        {SYS_mkdirat, "mkdirat"},
        {SYS_unlinkat, "unlinkat"},
        {SYS_newfstatat, "newfstatat"},
        {SYS_pselect6, "pselect6"},
        {SYS_ppoll, "ppoll"},
        {SYS_splice, "splice"},
        {SYS_sync_file_range, "sync_file_range"},
        {SYS_epoll_pwait, "epoll_pwait"},
        {SYS_fallocate, "fallocate"},
        {SYS_accept4, "accept4"},
        {SYS_recvmmsg, "recvmmsg"},
        {SYS_sendmmsg, "sendmmsg"},
        {SYS_process_vm_readv, "process_vm_readv"},
        {SYS_renameat2, "renameat2"},
        {SYS_seccomp, "seccomp"},
        {SYS_getrandom, "getrandom"},
        {SYS_execveat, "execveat"},
        {SYS_copy_file_range, "copy_file_range"},
        {SYS_preadv2, "preadv2"},
        {SYS_statx, "statx"},
        {SYS_rseq, "rseq"},
        {SYS_pidfd_send_signal, "pidfd_send_signal"},
        {SYS_io_uring_setup, "io_uring_setup"},
        {SYS_io_uring_enter, "io_uring_enter"},
        {SYS_clone3, "clone3"},
        {SYS_close_range, "close_range"},
        {SYS_openat2, "openat2"},
        {SYS_faccessat2, "faccessat2"},
        {SYS_epoll_pwait2, "epoll_pwait2"},
        {SYS_futex_waitv, "futex_waitv"},
        {SYS_semtimedop, "semtimedop"},
        {SYS_msgrcv, "msgrcv"},
        {SYS_rt_sigtimedwait, "rt_sigtimedwait"},
        {SYS_rt_sigsuspend, "rt_sigsuspend"},
        {SYS_getdents64, "getdents64"},
        {SYS_statfs, "statfs"},
#if LOOPWATCH_HAS_LINUX_X86_64()
        {SYS_open, "open"},
        {SYS_stat, "stat"},
        {SYS_poll, "poll"},
        {SYS_select, "select"},
        {SYS_epoll_wait, "epoll_wait"},
        {SYS_pause, "pause"},
        {SYS_rename, "rename"},
        {SYS_mkdir, "mkdir"},
        {SYS_rmdir, "rmdir"},
        {SYS_unlink, "unlink"},
        {SYS_access, "access"},
        {SYS_readlink, "readlink"},
        {SYS_arch_prctl, "arch_prctl"},
#endif
    });
    for (auto const& [number, name] : expected) CHECK(name_of_system_call(number) == name);
}
#endif
