// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <pthread.h>

// What a blocked program knows of its own stack. Nothing of loopwatch is in here or in the scenarios: the addresses to
// compare with come from the functions themselves, each of which notes where it will return to.

#if defined(__clang__)
#define MATRIX_FUNCTION __attribute__((noinline))
#else
#define MATRIX_FUNCTION __attribute__((noinline, noclone))
#endif
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MATRIX_THUNKS_ARE_FRAMES 1
#endif
#endif
#if !defined(MATRIX_THUNKS_ARE_FRAMES)
#define MATRIX_THUNKS_ARE_FRAMES 0
#endif
#define MATRIX_NO_TAIL_CALL __asm__ volatile("" ::: "memory")

namespace matrix {

struct call {
    std::uintptr_t returns_to;
    bool by_others;  // not called by the function noted before it: by libc, by the kernel, by a library
};

/// Of the thread that runs a scenario. Others read it while `thread` is set.
struct record {
    static constexpr std::size_t most = 256;

    call calls[most];  // outermost first
    std::size_t size;
    bool own_stack;               // the outermost call is a fiber's first function
    std::uintptr_t blocks;        // somewhere in the innermost function that is the program's own
    std::uintptr_t second[most];  // libgcc's opinion, innermost first, from that function's caller on
    std::size_t second_size;
    int thread;     // set last, when it is about to block
    int cut_short;  // how many system calls gave EINTR
    bool go_on;     // ends the block
};

using step = void (*)();

struct scenario {
    char const* name;
    step const* steps;  // each calls the next; the last blocks
    bool sleeps;        // in a system call
    enum class place { thread, small_thread, main_thread } where = place::thread;
};

struct scenario_list {
    scenario const* data;
    std::size_t size;
};
scenario_list scenarios();

extern record now;  // one scenario runs at a time
extern step const* next;
extern int pipe_ends[2];
extern pthread_mutex_t held;  // by the watcher, while a scenario runs
extern pthread_mutex_t wake_lock;
extern pthread_cond_t wake;

/// A function's note of its own call, while it runs.
class noted {
public:
    explicit noted(void* returns_to, bool by_others = false) : before_{now.size} { note(returns_to, by_others); }
    ~noted() { now.size = before_; }
    noted(noted const&) = delete;
    noted& operator=(noted const&) = delete;

    static void note(void* returns_to, bool by_others = false)
    {
        now.calls[now.size++] = {reinterpret_cast<std::uintptr_t>(returns_to), by_others};
    }

private:
    std::size_t before_;
};

#define MATRIX_NOTE_CALL \
    matrix::noted const this_call { __builtin_return_address(0) }
#define MATRIX_NOTE_CALL_BY_OTHERS \
    matrix::noted const this_call { __builtin_return_address(0), true }

[[gnu::always_inline]] inline void next_step() { (*next++)(); }
[[gnu::always_inline]] inline bool waits() { return !__atomic_load_n(&now.go_on, __ATOMIC_ACQUIRE); }

/// The last thing before a function blocks: to be called by that very function.
void about_to_block();

// In a shared library, unless the program is static.
void library_step();
void library_sleeps();

}  // namespace matrix
