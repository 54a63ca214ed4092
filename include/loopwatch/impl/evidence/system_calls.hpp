// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <cstdint>
#include <string_view>

#if LOOPWATCH_HAS_LINUX_X86_64() || LOOPWATCH_HAS_LINUX_AARCH64()
#include <sys/syscall.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The form of a call's timeout.
enum class time_limit : std::uint8_t {
    none,            // it has none
    milliseconds,    // an int; negative: for ever
    timespec,        // a pointer to a duration; null: for ever
    timeval,         // likewise
    absolute,        // a pointer to a timespec, a time point; null: for ever
    either_by_flag,  // clock_nanosleep: a duration, or a time point if the second argument has TIMER_ABSTIME
    of_futex         // depends on the operation
};

/// Arguments of a call that need special treatment.
enum class subject : std::uint8_t {
    plain,
    pollfds,  // the first argument is an array of pollfd, the second its size
    fd_sets,  // three sets from the second argument on, the first is the number of bits
    futex,
    futexes,    // an array of struct futex_waitv
    child,      // the first argument is a process number, as in wait4
    child_kind  // as in waitid: the first argument is the kind of the number in the second one
};

/// The positions of a call's arguments, from 0; -1: no such argument. Given only for calls that may wait or take long.
struct call_shape {
    subject special{subject::plain};
    std::int8_t descriptor{-1};
    std::int8_t second_descriptor{-1};
    std::int8_t path{-1};
    std::int8_t address{-1};  // a sockaddr; the next argument is its size
    std::int8_t bytes{-1};    // an amount of memory
    time_limit limit{time_limit::none};
    std::int8_t limit_at{-1};
};

struct syscall_entry {
    long number;
    std::string_view name;
    call_shape shape;
};

// From 424 on a call has the same number on every machine, given here because headers may be older than the kernel. A
// plain array: clang does not deduce the size of a std::array of more than 256 elements.
#if LOOPWATCH_HAS_LINUX_X86_64() || LOOPWATCH_HAS_LINUX_AARCH64()
#define LOOPWATCH_CALL(name) SYS_##name, #name
#else
#define LOOPWATCH_CALL(name) -1, #name
#endif
#if LOOPWATCH_HAS_LINUX_X86_64()
#define LOOPWATCH_OLD_CALL(name) SYS_##name, #name
#else
#define LOOPWATCH_OLD_CALL(name) -1, #name
#endif

// clang-format off
inline constexpr syscall_entry syscall_table[]{
    // files
    {LOOPWATCH_CALL(read), {.descriptor = 0}},
    {LOOPWATCH_CALL(pread64), {.descriptor = 0}},
    {LOOPWATCH_CALL(readv), {.descriptor = 0}},
    {LOOPWATCH_CALL(preadv), {.descriptor = 0}},
    {LOOPWATCH_CALL(preadv2), {.descriptor = 0}},
    {LOOPWATCH_CALL(write), {.descriptor = 0}},
    {LOOPWATCH_CALL(pwrite64), {.descriptor = 0}},
    {LOOPWATCH_CALL(writev), {.descriptor = 0}},
    {LOOPWATCH_CALL(pwritev), {.descriptor = 0}},
    {LOOPWATCH_CALL(pwritev2), {.descriptor = 0}},
    {LOOPWATCH_CALL(close), {.descriptor = 0}},
    {LOOPWATCH_CALL(fsync), {.descriptor = 0}},
    {LOOPWATCH_CALL(fdatasync), {.descriptor = 0}},
    {LOOPWATCH_CALL(syncfs), {.descriptor = 0}},
    {LOOPWATCH_CALL(sync_file_range), {.descriptor = 0}},
    {LOOPWATCH_CALL(flock), {.descriptor = 0}},
    {LOOPWATCH_CALL(fcntl), {.descriptor = 0}},
    {LOOPWATCH_CALL(ioctl), {.descriptor = 0}},
    {LOOPWATCH_CALL(lseek), {.descriptor = 0}},
    {LOOPWATCH_CALL(fstat), {.descriptor = 0}},
    {LOOPWATCH_CALL(fstatfs), {.descriptor = 0}},
    {LOOPWATCH_CALL(fallocate), {.descriptor = 0}},
    {LOOPWATCH_CALL(ftruncate), {.descriptor = 0}},
    {LOOPWATCH_CALL(fadvise64), {.descriptor = 0}},
    {LOOPWATCH_CALL(readahead), {.descriptor = 0}},
    {LOOPWATCH_CALL(getdents64), {.descriptor = 0}},
    {LOOPWATCH_CALL(sendfile), {.descriptor = 0, .second_descriptor = 1}},
    {LOOPWATCH_CALL(splice), {.descriptor = 0, .second_descriptor = 2}},
    {LOOPWATCH_CALL(tee), {.descriptor = 0, .second_descriptor = 1}},
    {LOOPWATCH_CALL(vmsplice), {.descriptor = 0}},
    {LOOPWATCH_CALL(copy_file_range), {.descriptor = 0, .second_descriptor = 2}},
    // paths; the descriptor that a path is relative to is shown if the path is empty
    {LOOPWATCH_CALL(openat), {.descriptor = 0, .path = 1}},
    {437, "openat2", {.descriptor = 0, .path = 1}},
    {LOOPWATCH_CALL(newfstatat), {.descriptor = 0, .path = 1}},
    {LOOPWATCH_CALL(statx), {.descriptor = 0, .path = 1}},
    {LOOPWATCH_CALL(statfs), {.path = 0}},
    {LOOPWATCH_CALL(faccessat), {.descriptor = 0, .path = 1}},
    {439, "faccessat2", {.descriptor = 0, .path = 1}},
    {LOOPWATCH_CALL(readlinkat), {.descriptor = 0, .path = 1}},
    {LOOPWATCH_CALL(truncate), {.path = 0}},
    {LOOPWATCH_CALL(unlinkat), {.descriptor = 0, .path = 1}},
    {LOOPWATCH_CALL(renameat), {.descriptor = 0, .path = 1}},
    {LOOPWATCH_CALL(renameat2), {.descriptor = 0, .path = 1}},
    {LOOPWATCH_CALL(linkat), {.descriptor = 0, .path = 1}},
    {LOOPWATCH_CALL(symlinkat), {.path = 0}},
    {LOOPWATCH_CALL(mkdirat), {.descriptor = 0, .path = 1}},
    {LOOPWATCH_CALL(chdir), {.path = 0}},
    {LOOPWATCH_CALL(fchmodat), {.descriptor = 0, .path = 1}},
    {LOOPWATCH_CALL(fchownat), {.descriptor = 0, .path = 1}},
    {LOOPWATCH_CALL(execve), {.path = 0}},
    {LOOPWATCH_CALL(execveat), {.descriptor = 0, .path = 1}},
    {LOOPWATCH_CALL(mount), {.path = 1}},
    {LOOPWATCH_CALL(umount2), {.path = 0}},
    // sockets
    {LOOPWATCH_CALL(recvfrom), {.descriptor = 0}},
    {LOOPWATCH_CALL(recvmsg), {.descriptor = 0}},
    {LOOPWATCH_CALL(recvmmsg), {.descriptor = 0, .limit = time_limit::timespec, .limit_at = 4}},
    {LOOPWATCH_CALL(sendto), {.descriptor = 0, .address = 4}},
    {LOOPWATCH_CALL(sendmsg), {.descriptor = 0}},
    {LOOPWATCH_CALL(sendmmsg), {.descriptor = 0}},
    {LOOPWATCH_CALL(accept), {.descriptor = 0}},
    {LOOPWATCH_CALL(accept4), {.descriptor = 0}},
    {LOOPWATCH_CALL(connect), {.descriptor = 0, .address = 1}},
    {LOOPWATCH_CALL(bind), {.descriptor = 0, .address = 1}},
    {LOOPWATCH_CALL(shutdown), {.descriptor = 0}},
    // many descriptors at once
    {LOOPWATCH_CALL(ppoll), {.special = subject::pollfds, .limit = time_limit::timespec, .limit_at = 2}},
    {LOOPWATCH_CALL(pselect6), {.special = subject::fd_sets, .limit = time_limit::timespec, .limit_at = 4}},
    {LOOPWATCH_CALL(epoll_pwait), {.descriptor = 0, .limit = time_limit::milliseconds, .limit_at = 3}},
    {441, "epoll_pwait2", {.descriptor = 0, .limit = time_limit::timespec, .limit_at = 3}},
    {426, "io_uring_enter", {.descriptor = 0}},
    // time, locks, processes
    {LOOPWATCH_CALL(nanosleep), {.limit = time_limit::timespec, .limit_at = 0}},
    {LOOPWATCH_CALL(clock_nanosleep), {.limit = time_limit::either_by_flag, .limit_at = 2}},
    {LOOPWATCH_CALL(futex), {.special = subject::futex, .limit = time_limit::of_futex, .limit_at = 3}},
    {455, "futex_wait", {.special = subject::futex, .limit = time_limit::absolute, .limit_at = 4}},
    {449, "futex_waitv", {.special = subject::futexes, .limit = time_limit::absolute, .limit_at = 3}},
    {LOOPWATCH_CALL(wait4), {.special = subject::child}},
    {LOOPWATCH_CALL(waitid), {.special = subject::child_kind}},
    {LOOPWATCH_CALL(semtimedop), {.limit = time_limit::timespec, .limit_at = 3}},
    {LOOPWATCH_CALL(mq_timedreceive), {.descriptor = 0, .limit = time_limit::absolute, .limit_at = 4}},
    {LOOPWATCH_CALL(mq_timedsend), {.descriptor = 0, .limit = time_limit::absolute, .limit_at = 4}},
    {LOOPWATCH_CALL(io_getevents), {.limit = time_limit::timespec, .limit_at = 4}},
    {LOOPWATCH_CALL(rt_sigtimedwait), {.limit = time_limit::timespec, .limit_at = 2}},
    // memory
    {LOOPWATCH_CALL(mmap), {.descriptor = 4, .bytes = 1}},
    {LOOPWATCH_CALL(munmap), {.bytes = 1}},
    {LOOPWATCH_CALL(mremap), {.bytes = 2}},
    {LOOPWATCH_CALL(madvise), {.bytes = 1}},
    {LOOPWATCH_CALL(mprotect), {.bytes = 1}},
    {LOOPWATCH_CALL(msync), {.bytes = 1}},
    {LOOPWATCH_CALL(mlock), {.bytes = 1}},
    {LOOPWATCH_CALL(getrandom), {.bytes = 1}},
    // calls whose arguments say nothing to a reader
    {LOOPWATCH_CALL(brk), {}}, {LOOPWATCH_CALL(rt_sigaction), {}}, {LOOPWATCH_CALL(rt_sigprocmask), {}},
    {LOOPWATCH_CALL(rt_sigreturn), {}}, {LOOPWATCH_CALL(sched_yield), {}}, {LOOPWATCH_CALL(mincore), {}},
    {LOOPWATCH_CALL(shmget), {}}, {LOOPWATCH_CALL(shmat), {}}, {LOOPWATCH_CALL(shmctl), {}}, {LOOPWATCH_CALL(dup), {}},
    {LOOPWATCH_CALL(getitimer), {}}, {LOOPWATCH_CALL(setitimer), {}}, {LOOPWATCH_CALL(getpid), {}},
    {LOOPWATCH_CALL(socket), {}}, {LOOPWATCH_CALL(listen), {}}, {LOOPWATCH_CALL(getsockname), {}},
    {LOOPWATCH_CALL(getpeername), {}}, {LOOPWATCH_CALL(socketpair), {}}, {LOOPWATCH_CALL(setsockopt), {}},
    {LOOPWATCH_CALL(getsockopt), {}}, {LOOPWATCH_CALL(clone), {}}, {LOOPWATCH_CALL(exit), {}},
    {LOOPWATCH_CALL(kill), {}}, {LOOPWATCH_CALL(uname), {}}, {LOOPWATCH_CALL(semget), {}}, {LOOPWATCH_CALL(semop), {}},
    {LOOPWATCH_CALL(semctl), {}}, {LOOPWATCH_CALL(shmdt), {}}, {LOOPWATCH_CALL(msgget), {}},
    {LOOPWATCH_CALL(msgsnd), {}}, {LOOPWATCH_CALL(msgrcv), {}}, {LOOPWATCH_CALL(msgctl), {}},
    {LOOPWATCH_CALL(getcwd), {}}, {LOOPWATCH_CALL(fchdir), {}}, {LOOPWATCH_CALL(fchmod), {}},
    {LOOPWATCH_CALL(fchown), {}}, {LOOPWATCH_CALL(umask), {}}, {LOOPWATCH_CALL(gettimeofday), {}},
    {LOOPWATCH_CALL(getrlimit), {}}, {LOOPWATCH_CALL(getrusage), {}}, {LOOPWATCH_CALL(sysinfo), {}},
    {LOOPWATCH_CALL(times), {}}, {LOOPWATCH_CALL(ptrace), {}}, {LOOPWATCH_CALL(getuid), {}},
    {LOOPWATCH_CALL(syslog), {}}, {LOOPWATCH_CALL(getgid), {}}, {LOOPWATCH_CALL(setuid), {}},
    {LOOPWATCH_CALL(setgid), {}}, {LOOPWATCH_CALL(geteuid), {}}, {LOOPWATCH_CALL(getegid), {}},
    {LOOPWATCH_CALL(setpgid), {}}, {LOOPWATCH_CALL(getppid), {}}, {LOOPWATCH_CALL(setsid), {}},
    {LOOPWATCH_CALL(setreuid), {}}, {LOOPWATCH_CALL(setregid), {}}, {LOOPWATCH_CALL(getgroups), {}},
    {LOOPWATCH_CALL(setgroups), {}}, {LOOPWATCH_CALL(setresuid), {}}, {LOOPWATCH_CALL(getresuid), {}},
    {LOOPWATCH_CALL(setresgid), {}}, {LOOPWATCH_CALL(getresgid), {}}, {LOOPWATCH_CALL(getpgid), {}},
    {LOOPWATCH_CALL(setfsuid), {}}, {LOOPWATCH_CALL(setfsgid), {}}, {LOOPWATCH_CALL(getsid), {}},
    {LOOPWATCH_CALL(capget), {}}, {LOOPWATCH_CALL(capset), {}}, {LOOPWATCH_CALL(rt_sigpending), {}},
    {LOOPWATCH_CALL(rt_sigqueueinfo), {}}, {LOOPWATCH_CALL(rt_sigsuspend), {}}, {LOOPWATCH_CALL(sigaltstack), {}},
    {LOOPWATCH_CALL(personality), {}}, {LOOPWATCH_CALL(getpriority), {}}, {LOOPWATCH_CALL(setpriority), {}},
    {LOOPWATCH_CALL(sched_setparam), {}}, {LOOPWATCH_CALL(sched_getparam), {}},
    {LOOPWATCH_CALL(sched_setscheduler), {}}, {LOOPWATCH_CALL(sched_getscheduler), {}},
    {LOOPWATCH_CALL(sched_get_priority_max), {}}, {LOOPWATCH_CALL(sched_get_priority_min), {}},
    {LOOPWATCH_CALL(sched_rr_get_interval), {}}, {LOOPWATCH_CALL(munlock), {}}, {LOOPWATCH_CALL(mlockall), {}},
    {LOOPWATCH_CALL(munlockall), {}}, {LOOPWATCH_CALL(vhangup), {}}, {LOOPWATCH_CALL(pivot_root), {}},
    {LOOPWATCH_CALL(prctl), {}}, {LOOPWATCH_CALL(adjtimex), {}}, {LOOPWATCH_CALL(setrlimit), {}},
    {LOOPWATCH_CALL(chroot), {}}, {LOOPWATCH_CALL(sync), {}}, {LOOPWATCH_CALL(acct), {}},
    {LOOPWATCH_CALL(settimeofday), {}}, {LOOPWATCH_CALL(swapon), {}}, {LOOPWATCH_CALL(swapoff), {}},
    {LOOPWATCH_CALL(reboot), {}}, {LOOPWATCH_CALL(sethostname), {}}, {LOOPWATCH_CALL(setdomainname), {}},
    {LOOPWATCH_CALL(init_module), {}}, {LOOPWATCH_CALL(delete_module), {}}, {LOOPWATCH_CALL(quotactl), {}},
    {LOOPWATCH_CALL(nfsservctl), {}}, {LOOPWATCH_CALL(gettid), {}}, {LOOPWATCH_CALL(setxattr), {}},
    {LOOPWATCH_CALL(lsetxattr), {}}, {LOOPWATCH_CALL(fsetxattr), {}}, {LOOPWATCH_CALL(getxattr), {}},
    {LOOPWATCH_CALL(lgetxattr), {}}, {LOOPWATCH_CALL(fgetxattr), {}}, {LOOPWATCH_CALL(listxattr), {}},
    {LOOPWATCH_CALL(llistxattr), {}}, {LOOPWATCH_CALL(flistxattr), {}}, {LOOPWATCH_CALL(removexattr), {}},
    {LOOPWATCH_CALL(lremovexattr), {}}, {LOOPWATCH_CALL(fremovexattr), {}}, {LOOPWATCH_CALL(tkill), {}},
    {LOOPWATCH_CALL(sched_setaffinity), {}}, {LOOPWATCH_CALL(sched_getaffinity), {}}, {LOOPWATCH_CALL(io_setup), {}},
    {LOOPWATCH_CALL(io_destroy), {}}, {LOOPWATCH_CALL(io_submit), {}}, {LOOPWATCH_CALL(io_cancel), {}},
    {LOOPWATCH_CALL(lookup_dcookie), {}}, {LOOPWATCH_CALL(remap_file_pages), {}}, {LOOPWATCH_CALL(set_tid_address), {}},
    {LOOPWATCH_CALL(restart_syscall), {}}, {LOOPWATCH_CALL(timer_create), {}}, {LOOPWATCH_CALL(timer_settime), {}},
    {LOOPWATCH_CALL(timer_gettime), {}}, {LOOPWATCH_CALL(timer_getoverrun), {}}, {LOOPWATCH_CALL(timer_delete), {}},
    {LOOPWATCH_CALL(clock_settime), {}}, {LOOPWATCH_CALL(clock_gettime), {}}, {LOOPWATCH_CALL(clock_getres), {}},
    {LOOPWATCH_CALL(exit_group), {}}, {LOOPWATCH_CALL(epoll_ctl), {}}, {LOOPWATCH_CALL(tgkill), {}},
    {LOOPWATCH_CALL(mbind), {}}, {LOOPWATCH_CALL(set_mempolicy), {}}, {LOOPWATCH_CALL(get_mempolicy), {}},
    {LOOPWATCH_CALL(mq_open), {}}, {LOOPWATCH_CALL(mq_unlink), {}}, {LOOPWATCH_CALL(mq_notify), {}},
    {LOOPWATCH_CALL(mq_getsetattr), {}}, {LOOPWATCH_CALL(kexec_load), {}}, {LOOPWATCH_CALL(add_key), {}},
    {LOOPWATCH_CALL(request_key), {}}, {LOOPWATCH_CALL(keyctl), {}}, {LOOPWATCH_CALL(ioprio_set), {}},
    {LOOPWATCH_CALL(ioprio_get), {}}, {LOOPWATCH_CALL(inotify_add_watch), {}}, {LOOPWATCH_CALL(inotify_rm_watch), {}},
    {LOOPWATCH_CALL(migrate_pages), {}}, {LOOPWATCH_CALL(mknodat), {}}, {LOOPWATCH_CALL(unshare), {}},
    {LOOPWATCH_CALL(set_robust_list), {}}, {LOOPWATCH_CALL(get_robust_list), {}}, {LOOPWATCH_CALL(move_pages), {}},
    {LOOPWATCH_CALL(utimensat), {}}, {LOOPWATCH_CALL(timerfd_create), {}}, {LOOPWATCH_CALL(timerfd_settime), {}},
    {LOOPWATCH_CALL(timerfd_gettime), {}}, {LOOPWATCH_CALL(signalfd4), {}}, {LOOPWATCH_CALL(eventfd2), {}},
    {LOOPWATCH_CALL(epoll_create1), {}}, {LOOPWATCH_CALL(dup3), {}}, {LOOPWATCH_CALL(pipe2), {}},
    {LOOPWATCH_CALL(inotify_init1), {}}, {LOOPWATCH_CALL(rt_tgsigqueueinfo), {}}, {LOOPWATCH_CALL(perf_event_open), {}},
    {LOOPWATCH_CALL(fanotify_init), {}}, {LOOPWATCH_CALL(fanotify_mark), {}}, {LOOPWATCH_CALL(prlimit64), {}},
    {LOOPWATCH_CALL(name_to_handle_at), {}}, {LOOPWATCH_CALL(open_by_handle_at), {}},
    {LOOPWATCH_CALL(clock_adjtime), {}}, {LOOPWATCH_CALL(setns), {}}, {LOOPWATCH_CALL(getcpu), {}},
    {LOOPWATCH_CALL(process_vm_readv), {}}, {LOOPWATCH_CALL(process_vm_writev), {}}, {LOOPWATCH_CALL(kcmp), {}},
    {LOOPWATCH_CALL(finit_module), {}}, {LOOPWATCH_CALL(sched_setattr), {}}, {LOOPWATCH_CALL(sched_getattr), {}},
    {LOOPWATCH_CALL(seccomp), {}}, {LOOPWATCH_CALL(memfd_create), {}}, {LOOPWATCH_CALL(kexec_file_load), {}},
    {LOOPWATCH_CALL(bpf), {}}, {LOOPWATCH_CALL(userfaultfd), {}}, {LOOPWATCH_CALL(membarrier), {}},
    {LOOPWATCH_CALL(mlock2), {}}, {LOOPWATCH_CALL(pkey_mprotect), {}}, {LOOPWATCH_CALL(pkey_alloc), {}},
    {LOOPWATCH_CALL(pkey_free), {}}, {LOOPWATCH_CALL(io_pgetevents), {}}, {LOOPWATCH_CALL(rseq), {}},
    {424, "pidfd_send_signal", {}}, {425, "io_uring_setup", {}}, {427, "io_uring_register", {}}, {428, "open_tree", {}},
    {429, "move_mount", {}}, {430, "fsopen", {}}, {431, "fsconfig", {}}, {432, "fsmount", {}}, {433, "fspick", {}},
    {434, "pidfd_open", {}}, {435, "clone3", {}}, {436, "close_range", {}}, {438, "pidfd_getfd", {}},
    {440, "process_madvise", {}}, {442, "mount_setattr", {}}, {443, "quotactl_fd", {}},
    {444, "landlock_create_ruleset", {}}, {445, "landlock_add_rule", {}}, {446, "landlock_restrict_self", {}},
    {447, "memfd_secret", {}}, {448, "process_mrelease", {}}, {450, "set_mempolicy_home_node", {}},
    {451, "cachestat", {}}, {452, "fchmodat2", {}}, {453, "map_shadow_stack", {}}, {454, "futex_wake", {}},
    {456, "futex_requeue", {}}, {457, "statmount", {}}, {458, "listmount", {}}, {459, "lsm_get_self_attr", {}},
    {460, "lsm_set_self_attr", {}}, {461, "lsm_list_modules", {}}, {462, "mseal", {}}, {463, "setxattrat", {}},
    {464, "getxattrat", {}}, {465, "listxattrat", {}}, {466, "removexattrat", {}}, {467, "open_tree_attr", {}},
    {468, "file_getattr", {}}, {469, "file_setattr", {}},
    // calls that newer architectures do not have
    {LOOPWATCH_OLD_CALL(getdents), {.descriptor = 0}},
    {LOOPWATCH_OLD_CALL(open), {.path = 0}},
    {LOOPWATCH_OLD_CALL(creat), {.path = 0}},
    {LOOPWATCH_OLD_CALL(stat), {.path = 0}},
    {LOOPWATCH_OLD_CALL(lstat), {.path = 0}},
    {LOOPWATCH_OLD_CALL(access), {.path = 0}},
    {LOOPWATCH_OLD_CALL(readlink), {.path = 0}},
    {LOOPWATCH_OLD_CALL(unlink), {.path = 0}},
    {LOOPWATCH_OLD_CALL(rename), {.path = 0}},
    {LOOPWATCH_OLD_CALL(link), {.path = 0}},
    {LOOPWATCH_OLD_CALL(symlink), {.path = 0}},
    {LOOPWATCH_OLD_CALL(mkdir), {.path = 0}},
    {LOOPWATCH_OLD_CALL(rmdir), {.path = 0}},
    {LOOPWATCH_OLD_CALL(chmod), {.path = 0}},
    {LOOPWATCH_OLD_CALL(chown), {.path = 0}},
    {LOOPWATCH_OLD_CALL(poll), {.special = subject::pollfds, .limit = time_limit::milliseconds, .limit_at = 2}},
    {LOOPWATCH_OLD_CALL(select), {.special = subject::fd_sets, .limit = time_limit::timeval, .limit_at = 4}},
    {LOOPWATCH_OLD_CALL(epoll_wait), {.descriptor = 0, .limit = time_limit::milliseconds, .limit_at = 3}},
    {LOOPWATCH_OLD_CALL(pipe), {}}, {LOOPWATCH_OLD_CALL(dup2), {}}, {LOOPWATCH_OLD_CALL(pause), {}}, {LOOPWATCH_OLD_CALL(alarm), {}},
    {LOOPWATCH_OLD_CALL(fork), {}}, {LOOPWATCH_OLD_CALL(vfork), {}}, {LOOPWATCH_OLD_CALL(lchown), {}},
    {LOOPWATCH_OLD_CALL(getpgrp), {}}, {LOOPWATCH_OLD_CALL(utime), {}}, {LOOPWATCH_OLD_CALL(mknod), {}},
    {LOOPWATCH_OLD_CALL(uselib), {}}, {LOOPWATCH_OLD_CALL(ustat), {}}, {LOOPWATCH_OLD_CALL(sysfs), {}},
    {LOOPWATCH_OLD_CALL(modify_ldt), {}}, {LOOPWATCH_OLD_CALL(_sysctl), {}}, {LOOPWATCH_OLD_CALL(arch_prctl), {}},
    {LOOPWATCH_OLD_CALL(iopl), {}}, {LOOPWATCH_OLD_CALL(ioperm), {}}, {LOOPWATCH_OLD_CALL(create_module), {}},
    {LOOPWATCH_OLD_CALL(get_kernel_syms), {}}, {LOOPWATCH_OLD_CALL(query_module), {}}, {LOOPWATCH_OLD_CALL(getpmsg), {}},
    {LOOPWATCH_OLD_CALL(putpmsg), {}}, {LOOPWATCH_OLD_CALL(afs_syscall), {}}, {LOOPWATCH_OLD_CALL(tuxcall), {}},
    {LOOPWATCH_OLD_CALL(security), {}}, {LOOPWATCH_OLD_CALL(time), {}}, {LOOPWATCH_OLD_CALL(set_thread_area), {}},
    {LOOPWATCH_OLD_CALL(get_thread_area), {}}, {LOOPWATCH_OLD_CALL(epoll_create), {}}, {LOOPWATCH_OLD_CALL(epoll_ctl_old), {}},
    {LOOPWATCH_OLD_CALL(epoll_wait_old), {}}, {LOOPWATCH_OLD_CALL(utimes), {}}, {LOOPWATCH_OLD_CALL(vserver), {}},
    {LOOPWATCH_OLD_CALL(inotify_init), {}}, {LOOPWATCH_OLD_CALL(futimesat), {}}, {LOOPWATCH_OLD_CALL(signalfd), {}},
    {LOOPWATCH_OLD_CALL(eventfd), {}},
};
// clang-format on

#undef LOOPWATCH_CALL
#undef LOOPWATCH_OLD_CALL

inline constexpr syscall_entry no_syscall{-1, {}, {}};

/// The entry of this number on the machine that this is compiled for; one with an empty name if it is not known.
[[nodiscard]] constexpr syscall_entry const& syscall_of(long number) noexcept
{
    if (number >= 0)
        for (syscall_entry const& each : syscall_table)
            if (each.number == number) return each;
    return no_syscall;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
