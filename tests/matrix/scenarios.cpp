// SPDX-License-Identifier: BSL-1.0
#include "record.hpp"

#include <boost/context/fiber.hpp>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <unwind.h>

// Built once for each setting of the matrix.

namespace matrix {

record now;
step const* next;
int pipe_ends[2];
pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t wake_lock = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t wake = PTHREAD_COND_INITIALIZER;

namespace {

_Unwind_Reason_Code add_frame(_Unwind_Context* context, void* skip)
{
    auto& left = *static_cast<int*>(skip);
    if (left > 0)
        --left;
    else if (now.second_size < record::most && _Unwind_GetIP(context) != 0)
        now.second[now.second_size++] = _Unwind_GetIP(context);
    return _URC_NO_REASON;
}

}  // namespace

MATRIX_FUNCTION void about_to_block()
{
    int skip = 2;  // this function, and the one that blocks
    _Unwind_Backtrace(add_frame, &skip);
    now.blocks = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)) - 1;
    __atomic_store_n(&now.thread, static_cast<int>(::syscall(SYS_gettid)), __ATOMIC_RELEASE);
    MATRIX_NO_TAIL_CALL;
}

namespace {

void count_if_cut_short(long result)
{
    if (result < 0 && errno == EINTR) __atomic_add_fetch(&now.cut_short, 1, __ATOMIC_RELAXED);
}

// --- what blocks ---

#define MATRIX_BLOCKS(name, ...) \
    MATRIX_FUNCTION void name()  \
    {                            \
        MATRIX_NOTE_CALL;        \
        about_to_block();        \
        while (waits()) {        \
            __VA_ARGS__;         \
        }                        \
        MATRIX_NO_TAIL_CALL;     \
    }

timespec const long_time{20, 0};

MATRIX_BLOCKS(spins, )
MATRIX_BLOCKS(asks_the_time, timespec t; ::clock_gettime(CLOCK_MONOTONIC, &t))  // in the vdso
MATRIX_BLOCKS(sleeps, count_if_cut_short(::nanosleep(&long_time, nullptr)))
MATRIX_BLOCKS(polls, count_if_cut_short(::poll(nullptr, 0, 20'000)))
MATRIX_BLOCKS(reads, char byte; count_if_cut_short(::read(pipe_ends[0], &byte, 1)))
MATRIX_BLOCKS(locks, ::pthread_mutex_lock(&held); ::pthread_mutex_unlock(&held))
MATRIX_BLOCKS(waits_to_be_woken, ::pthread_mutex_lock(&wake_lock); ::pthread_cond_wait(&wake, &wake_lock);
              ::pthread_mutex_unlock(&wake_lock))

// Blocks in a function whose own frame is odd, with libc alone further in.

int volatile some = 60;

[[gnu::always_inline]] inline void use(void* memory) { __asm__ volatile("" : : "r"(memory) : "memory"); }

MATRIX_FUNCTION void sleeps_beside_variable_array()
{
    MATRIX_NOTE_CALL;
    char array[some];
    use(array);
    about_to_block();
    while (waits()) count_if_cut_short(::nanosleep(&long_time, nullptr));
    use(array);
}

MATRIX_FUNCTION void leave_old_frames(int n)
{
    char pad[24];
    use(pad);
    if (n > 0) leave_old_frames(n - 1);
    MATRIX_NO_TAIL_CALL;
}

// What is never written to still holds the frames of calls before.
MATRIX_FUNCTION void sleeps_beside_old_frames()
{
    MATRIX_NOTE_CALL;
    leave_old_frames(12);
    char array[some * 20];
    use(array);
    about_to_block();
    while (waits()) count_if_cut_short(::nanosleep(&long_time, nullptr));
    use(array);
}

MATRIX_FUNCTION void locks_beside_variable_array()
{
    MATRIX_NOTE_CALL;
    char array[some];
    use(array);
    about_to_block();
    while (waits()) {
        ::pthread_mutex_lock(&held);
        ::pthread_mutex_unlock(&held);
    }
    use(array);
}

MATRIX_FUNCTION void sleeps_in_aligned_frame()
{
    MATRIX_NOTE_CALL;
    alignas(64) char aligned[192];
    use(aligned);
    about_to_block();
    while (waits()) count_if_cut_short(::nanosleep(&long_time, nullptr));
    use(aligned);
}

// Large enough for its pages to be touched in a loop, where that is asked for.
MATRIX_FUNCTION void sleeps_in_large_frame()
{
    MATRIX_NOTE_CALL;
    char large[40'000];
    use(large);
    about_to_block();
    while (waits()) count_if_cut_short(::nanosleep(&long_time, nullptr));
    use(large);
}

// --- what stands on the stack ---

template <int N>
MATRIX_FUNCTION void deep()
{
    MATRIX_NOTE_CALL;
    char pad[16 + 8 * (N % 5)];
    use(pad);
    if constexpr (N == 0)
        next_step();
    else
        deep<N - 1>();
    MATRIX_NO_TAIL_CALL;
}

template <int Size>
MATRIX_FUNCTION void deeper(int n)
{
    MATRIX_NOTE_CALL;
    char pad[Size];
    use(pad);
    if (n > 0)
        deeper<Size>(n - 1);
    else
        next_step();
    MATRIX_NO_TAIL_CALL;
}
MATRIX_FUNCTION void beyond_the_copy()
{
    MATRIX_NOTE_CALL;
    deeper<4096>(23);
    MATRIX_NO_TAIL_CALL;
}
MATRIX_FUNCTION void beyond_the_trace()
{
    MATRIX_NOTE_CALL;
    deeper<16>(150);
    MATRIX_NO_TAIL_CALL;
}

bool first_comparison;

MATRIX_FUNCTION int compare(void const* a, void const* b)
{
    if (first_comparison) {
        first_comparison = false;
        MATRIX_NOTE_CALL_BY_OTHERS;
        next_step();
    }
    return *static_cast<int const*>(a) - *static_cast<int const*>(b);
}

MATRIX_FUNCTION void in_qsort()
{
    MATRIX_NOTE_CALL;
    int values[40];
    for (int i = 0; i < 40; ++i) values[i] = i * 7 % 40;
    first_comparison = true;
    std::qsort(values, 40, sizeof values[0], compare);
    use(values);
}

struct shape {
    virtual ~shape() = default;
    virtual int area(int) = 0;
};
struct named {
    virtual ~named() = default;
    long name = 3;
};
struct square : named, shape {
    MATRIX_FUNCTION int area(int n) override  // called through a thunk, as it is the second base's
    {
        matrix::noted const this_call{__builtin_return_address(0), MATRIX_THUNKS_ARE_FRAMES != 0};
        shape* self = this;
        __asm__ volatile("" : "+r"(self));
        int const r = n > 0 ? self->area(n - 1) : (next_step(), 1);
        MATRIX_NO_TAIL_CALL;
        return r + 1;
    }
};
MATRIX_FUNCTION void in_virtual()
{
    MATRIX_NOTE_CALL;
    square s;
    shape* p = &s;
    __asm__ volatile("" : "+r"(p));
    p->area(2);
    MATRIX_NO_TAIL_CALL;
}

MATRIX_FUNCTION void variable_arrays(int n)
{
    MATRIX_NOTE_CALL;
    char array[n];
    use(array);
    if (n > 100)
        variable_arrays(n - 70);
    else
        next_step();
    use(array);
}
MATRIX_FUNCTION void in_variable_arrays()
{
    MATRIX_NOTE_CALL;
    variable_arrays(300);
    MATRIX_NO_TAIL_CALL;
}

MATRIX_FUNCTION void aligned_frames(int n)
{
    MATRIX_NOTE_CALL;
    alignas(64) char aligned[192];
    char* const more = static_cast<char*>(__builtin_alloca(static_cast<std::size_t>(n) * 24 + 40));
    use(aligned);
    use(more);
    if (n > 0)
        aligned_frames(n - 1);
    else
        next_step();
    use(aligned);
    use(more);
}
MATRIX_FUNCTION void in_aligned_frames()
{
    MATRIX_NOTE_CALL;
    aligned_frames(3);
    MATRIX_NO_TAIL_CALL;
}

struct thrown {
    int value;
};

MATRIX_FUNCTION void throw_from(int n)
{
    if (n == 0) throw thrown{some};
    throw_from(n - 1);
    MATRIX_NO_TAIL_CALL;
}

MATRIX_FUNCTION void in_catch()
{
    MATRIX_NOTE_CALL;
    try {
        throw_from(5);
    } catch (thrown const& t) {
        next_step();
        if (t.value == 0) throw;
    }
}

struct runs_at_end {
    MATRIX_FUNCTION ~runs_at_end()
    {
        MATRIX_NOTE_CALL;
        next_step();
        MATRIX_NO_TAIL_CALL;
    }
};

MATRIX_FUNCTION void throw_past_destructor()
{
    MATRIX_NOTE_CALL;
    runs_at_end const r;
    throw_from(4);
    MATRIX_NO_TAIL_CALL;
}

MATRIX_FUNCTION void in_destructor()
{
    MATRIX_NOTE_CALL;
    try {
        throw_past_destructor();
    } catch (thrown const&) {
        MATRIX_NO_TAIL_CALL;
    }
}

struct catches_at_end {
    MATRIX_FUNCTION ~catches_at_end()
    {
        MATRIX_NOTE_CALL;
        try {
            throw_from(2);
        } catch (thrown const&) {
            next_step();
        }
        MATRIX_NO_TAIL_CALL;
    }
};

/// Blocked in the catch block of a destructor that runs because of an exception that was thrown in a catch block.
MATRIX_FUNCTION void in_nested_exceptions()
{
    MATRIX_NOTE_CALL;
    try {
        throw_from(2);
    } catch (thrown const&) {
        try {
            catches_at_end const c;
            throw_from(3);
        } catch (thrown const& t) {
            if (t.value == 0) throw;
        }
        MATRIX_NO_TAIL_CALL;
    }
}

// Where the compiler makes these calls jumps, a function has no frame any more when the next one runs: both return to
// the same place, and count as one.
void note_hop(void* returns_to)
{
    if (now.calls[now.size - 1].returns_to != reinterpret_cast<std::uintptr_t>(returns_to)) noted::note(returns_to);
}
MATRIX_FUNCTION int last_hop(int n)
{
    note_hop(__builtin_return_address(0));
    next_step();
    MATRIX_NO_TAIL_CALL;
    return n;
}
MATRIX_FUNCTION int second_hop(int n)
{
    note_hop(__builtin_return_address(0));
    return last_hop(n + 1);
}
MATRIX_FUNCTION int first_hop(int n)
{
    note_hop(__builtin_return_address(0));
    return second_hop(n + 1);
}
MATRIX_FUNCTION void in_tail_calls()
{
    MATRIX_NOTE_CALL;
    std::size_t const size = now.size;
    first_hop(1);
    now.size = size;
    MATRIX_NO_TAIL_CALL;
}

// A call that does not return can be the last instruction of its function: it returns to what lies behind.
[[noreturn]] MATRIX_FUNCTION void goes_on_and_throws()
{
    noted::note(__builtin_return_address(0));
    next_step();
    throw thrown{1};
}
[[noreturn]] MATRIX_FUNCTION void ends_with_a_call()
{
    noted::note(__builtin_return_address(0));
    goes_on_and_throws();
}
MATRIX_FUNCTION void in_call_without_return()
{
    MATRIX_NOTE_CALL;
    std::size_t const size = now.size;
    try {
        ends_with_a_call();
    } catch (thrown const&) {
        now.size = size;
    }
}

MATRIX_FUNCTION void on_own_signal(int)
{
    MATRIX_NOTE_CALL_BY_OTHERS;
    sigset_t wakes;  // blocked here under ThreadSanitizer, as all are
    ::sigemptyset(&wakes);
    ::sigaddset(&wakes, SIGUSR1);
    ::pthread_sigmask(SIG_UNBLOCK, &wakes, nullptr);
    next_step();
    MATRIX_NO_TAIL_CALL;
}
MATRIX_FUNCTION void in_signal_handler()
{
    MATRIX_NOTE_CALL;
    struct sigaction action = {};
    action.sa_handler = on_own_signal;
    ::sigaction(SIGUSR2, &action, nullptr);
    ::raise(SIGUSR2);
    MATRIX_NO_TAIL_CALL;
}
MATRIX_FUNCTION void in_handler_on_other_stack()
{
    MATRIX_NOTE_CALL;
    static char memory[128 * 1024];
    stack_t other{};
    stack_t before{};
    other.ss_sp = memory;
    other.ss_size = sizeof memory;
    ::sigaltstack(&other, &before);
    struct sigaction action = {};
    action.sa_handler = on_own_signal;
    action.sa_flags = SA_ONSTACK;
    ::sigaction(SIGUSR2, &action, nullptr);
    ::raise(SIGUSR2);
    ::sigaltstack(&before, nullptr);
    MATRIX_NO_TAIL_CALL;
}

MATRIX_FUNCTION void fiber_begins()
{
    MATRIX_NOTE_CALL_BY_OTHERS;
    next_step();
    MATRIX_NO_TAIL_CALL;
}
/// Its stack is not this thread's: it begins anew.
MATRIX_FUNCTION void in_fiber()
{
    std::size_t const size = now.size;
    boost::context::fiber f{[](boost::context::fiber&& resumer) {
        now.size = 0;
        now.own_stack = true;
        fiber_begins();
        return std::move(resumer);
    }};
    f = std::move(f).resume();
    now.size = size;
    MATRIX_NO_TAIL_CALL;
}

// --- each is some 25 frames ---

using place = scenario::place;

template <step... Steps>
inline constexpr step steps_of[] = {Steps...};

template <step... Steps>
constexpr scenario running(char const* name, place where = place::thread)
{
    return {name, steps_of<Steps...>, false, where};
}
template <step... Steps>
constexpr scenario sleeping(char const* name, place where = place::thread)
{
    return {name, steps_of<Steps...>, true, where};
}

scenario const all[] = {
    running<deep<23>, spins>("spin"),
    running<deep<23>, asks_the_time>("clock_gettime (vdso)"),
    sleeping<deep<23>, sleeps>("nanosleep"),
    sleeping<deep<23>, polls>("poll"),
    sleeping<deep<23>, reads>("read on a pipe"),
    sleeping<deep<23>, locks>("mutex"),
    sleeping<deep<23>, waits_to_be_woken>("condition variable"),
    sleeping<deep<23>, library_sleeps>("nanosleep in a library"),
    running<deep<9>, library_step, deep<7>, spins>("library, spin"),
    sleeping<deep<9>, library_step, deep<7>, sleeps>("library, nanosleep"),
    running<deep<9>, in_qsort, deep<9>, spins>("qsort, spin"),
    sleeping<deep<9>, in_qsort, deep<9>, sleeps>("qsort, nanosleep"),
    running<deep<9>, in_virtual, deep<9>, spins>("virtual, spin"),
    sleeping<deep<9>, in_virtual, deep<9>, sleeps>("virtual, nanosleep"),
    running<deep<9>, in_variable_arrays, deep<9>, spins>("VLA, spin"),
    sleeping<deep<9>, in_variable_arrays, deep<9>, sleeps>("VLA, nanosleep"),
    sleeping<deep<23>, sleeps_beside_variable_array>("nanosleep beside a VLA"),
    sleeping<deep<23>, sleeps_beside_old_frames>("nanosleep, old frames"),
    sleeping<deep<23>, locks_beside_variable_array>("mutex beside a VLA"),
    running<deep<9>, in_aligned_frames, deep<9>, spins>("realigned, spin"),
    sleeping<deep<9>, in_aligned_frames, deep<9>, polls>("realigned, poll"),
    sleeping<deep<23>, sleeps_in_aligned_frame>("nanosleep, realigned"),
    sleeping<deep<23>, sleeps_in_large_frame>("nanosleep, 40 KB frame"),
    running<deep<9>, in_catch, deep<9>, spins>("catch block, spin"),
    sleeping<deep<9>, in_catch, deep<9>, sleeps>("catch block, nanosleep"),
    running<deep<9>, in_destructor, deep<9>, spins>("unwinding, spin"),
    sleeping<deep<9>, in_destructor, deep<9>, sleeps>("unwinding, nanosleep"),
    running<deep<9>, in_nested_exceptions, deep<9>, spins>("nested throws, spin"),
    sleeping<deep<9>, in_nested_exceptions, deep<9>, sleeps>("nested throws, nanosleep"),
    running<deep<9>, in_tail_calls, deep<9>, spins>("tail calls, spin"),
    sleeping<deep<9>, in_tail_calls, deep<9>, sleeps>("tail calls, nanosleep"),
    running<deep<9>, in_call_without_return, deep<9>, spins>("noreturn, spin"),
    sleeping<deep<9>, in_call_without_return, deep<9>, sleeps>("noreturn, nanosleep"),
    running<deep<9>, in_signal_handler, deep<9>, spins>("own handler, spin"),
    sleeping<deep<9>, in_signal_handler, deep<9>, sleeps>("own handler, nanosleep"),
    running<deep<9>, in_handler_on_other_stack, deep<9>, spins>("sigaltstack, spin"),
    sleeping<deep<9>, in_handler_on_other_stack, deep<9>, sleeps>("sigaltstack, nanosleep"),
    running<deep<5>, in_fiber, deep<20>, spins>("fiber, spin"),
    sleeping<deep<5>, in_fiber, deep<20>, sleeps>("fiber, nanosleep"),
    running<deep<23>, spins>("16 KB stack, spin", place::small_thread),
    sleeping<deep<23>, sleeps>("16 KB stack, nanosleep", place::small_thread),
    running<deep<23>, spins>("main thread, spin", place::main_thread),
    sleeping<deep<23>, sleeps>("main thread, nanosleep", place::main_thread),
    running<beyond_the_copy, spins>("100 KB deep, spin"),
    sleeping<beyond_the_copy, sleeps>("100 KB deep, nanosleep"),
    running<beyond_the_trace, spins>("150 frames, spin"),
    sleeping<beyond_the_trace, sleeps>("150 frames, nanosleep"),
};

}  // namespace

scenario_list scenarios() { return {all, sizeof all / sizeof all[0]}; }

}  // namespace matrix
