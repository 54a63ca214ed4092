// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <loopwatch/impl/unwind/unwinder.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

// The stack of this thread by libgcc, as the truth; and of this or another thread as a capture stage would take it.

#define STACKS_NOINLINE __attribute__((noinline))
#define STACKS_KEEP __asm__ volatile("" ::: "memory")  // no tail call, no reordering

namespace stacks {

namespace lw = loopwatch::detail;

struct true_frame {
    std::uintptr_t address;
    std::uintptr_t cfa;  // of the frame that it called
};

inline _Unwind_Reason_Code add_frame(_Unwind_Context* context, void* to)
{
    static_cast<std::vector<true_frame>*>(to)->push_back({_Unwind_GetIP(context), _Unwind_GetCFA(context)});
    return _URC_NO_REASON;
}

/// From the caller of the function that calls it, outwards.
STACKS_NOINLINE inline std::vector<true_frame> by_libgcc()
{
    std::vector<true_frame> all;
    _Unwind_Backtrace(add_frame, &all);
    while (!all.empty() && all.back().address == 0) all.pop_back();
    if (all.size() > 2) all.erase(all.begin(), all.begin() + 2);
    STACKS_KEEP;
    return all;
}

inline std::uintptr_t outer_end_of_stack()
{
    pthread_attr_t attributes;
    if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return 0;
    void* base = nullptr;
    std::size_t size = 0;
    ::pthread_attr_getstack(&attributes, &base, &size);
    ::pthread_attr_destroy(&attributes);
    return reinterpret_cast<std::uintptr_t>(base) + size;
}

/// The copy of a stack, and what was unwound of it.
struct capture {
    static constexpr std::size_t capacity = 64 * 1024;

    std::unique_ptr<std::byte[]> bytes = std::make_unique<std::byte[]>(capacity);
    std::unique_ptr<lw::foreign_memory> memory = std::make_unique<lw::foreign_memory>();
    std::unique_ptr<lw::trace> found = std::make_unique<lw::trace>();
    lw::registers values;
    lw::stack_copy copy;
    std::uintptr_t outer_end = 0;

    void unwind(lw::outside_copy policy = lw::outside_copy::fail) { lw::unwind(values, copy, policy, *memory, *found); }

    // Plain loads: they would be intercepted by no one but a sanitizer, and the tests run without.
    void copy_from(std::uintptr_t sp, std::size_t most = capacity)
    {
        std::uintptr_t const base = (sp - lw::machine::red_zone) & ~std::uintptr_t{7};
        std::size_t size = outer_end - base;
        if (size > most) size = most;
        std::memcpy(bytes.get(), reinterpret_cast<void const*>(base), size);
        copy = {base, {bytes.get(), size}};
    }

    [[nodiscard]] std::vector<std::uintptr_t> addresses() const
    {
        return {found->frames().begin(), found->frames().end()};
    }
};

inline lw::registers registers_in(void const* context)
{
    lw::machine_words words;
    std::memcpy(&words, lw::machine_words_in(context), sizeof words);
    return lw::registers_of(words);
}

/// Does `whole` end with `tail`?
inline bool ends_with(std::vector<std::uintptr_t> const& whole, std::vector<true_frame> const& tail)
{
    if (whole.size() < tail.size() || tail.empty()) return false;
    for (std::size_t i = 1; i <= tail.size(); ++i)
        if (whole[whole.size() - i] != tail[tail.size() - i].address) return false;
    return true;
}

inline std::string text(std::uintptr_t address)
{
    Dl_info info{};
    char buffer[160];
    bool const named = ::dladdr(reinterpret_cast<void*>(address - 1), &info) != 0;
    char const* const file = named && info.dli_fname != nullptr ? std::strrchr(info.dli_fname, '/') : nullptr;
    std::snprintf(buffer, sizeof buffer, "%s!%.40s+%lx", file != nullptr ? file + 1 : "?",
                  named && info.dli_sname != nullptr ? info.dli_sname : "",
                  address - reinterpret_cast<std::uintptr_t>(
                                named ? (info.dli_sname != nullptr ? info.dli_saddr : info.dli_fbase) : nullptr));
    return buffer;
}

inline std::string text(lw::trace const& t)
{
    std::string all;
    for (std::size_t i = 0; i < t.size; ++i) {
        auto const& n = t.notes[i];
        all += "  " + text(t.addresses[i]) + (n.interrupted ? " interrupted" : "") +
               (n.by_heuristic ? " heuristic" : "") + (n.decoded ? " decoded" : "") + (n.guessed ? " guessed" : "") +
               (n.unwinding ? " unwinding" : "") + "\n";
    }
    return all + "  end: " + std::to_string(static_cast<int>(t.end)) + " " + std::string{text_of(t.end)} + " at " +
           text(t.end_at) + "\n";
}

inline std::string text(std::vector<true_frame> const& v)
{
    std::string all;
    for (auto const& f : v) all += "  " + text(f.address) + "\n";
    return all;
}

/// pc and sp of a thread that sleeps in a system call. False: it does not.
inline bool find_sleeper(int tid, lw::registers& to)
{
    char path[64], line[256];
    std::snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
    int const file = ::open(path, O_RDONLY | O_CLOEXEC);
    ssize_t const size = file >= 0 ? ::read(file, line, sizeof line - 1) : -1;
    if (file >= 0) ::close(file);
    if (size <= 0) return false;
    line[size] = 0;
    char const* const last = std::strrchr(line, ' ');
    if (line[0] == 'r' || last == nullptr) return false;
    char const* before = last - 1;
    while (before > line && *before != ' ') --before;
    to = lw::registers_of_sleeper(std::strtoull(last, nullptr, 16), std::strtoull(before, nullptr, 16));
    return true;
}

// --- a running thread, by a signal ---

inline std::atomic<capture*> signal_target{nullptr};

inline void on_signal(int, siginfo_t*, void* context)
{
    capture* const to = signal_target.load();
    if (to == nullptr) return;
    to->values = registers_in(context);
    to->copy_from(to->values.sp());
    signal_target = nullptr;
}

inline bool capture_runner(int tid, capture& to)
{
    struct sigaction action{};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    ::sigaction(SIGURG, &action, nullptr);
    signal_target = &to;
    ::syscall(SYS_tgkill, ::getpid(), tid, SIGURG);
    for (int i = 0; i < 5000 && signal_target.load() != nullptr; ++i) ::usleep(1000);
    return signal_target.load() == nullptr;
}

// --- a sleeping thread ---

/// Waits until it sleeps, and takes it. The thread must stay asleep.
inline bool capture_sleeper(int tid, capture& to)
{
    // There /proc shows the emulator. The same registers, after a signal.
    if (::getenv("LOOPWATCH_QEMU") != nullptr) {
        ::usleep(20'000);
        if (!capture_runner(tid, to)) return false;
        to.values = lw::registers_of_sleeper(to.values.pc(), to.values.sp());
        return true;
    }
    for (int i = 0; i < 5000; ++i, ::usleep(1000)) {
        lw::registers a, b;
        if (!find_sleeper(tid, a)) continue;
        ::usleep(3000);
        if (!find_sleeper(tid, b) || a.pc() != b.pc() || a.sp() != b.sp()) continue;
        to.values = a;
        to.copy_from(a.sp());
        return true;
    }
    return false;
}

}  // namespace stacks
