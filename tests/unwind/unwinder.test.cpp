// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "unwind/support/flagged.hpp"
#include "unwind/support/stacks.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <alloca.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>

using namespace loopwatch::detail;
using stacks::capture;

// The same source is built at -O0, -O2 and -O3, with and without frame pointers, by gcc and clang.

namespace {

using body = std::function<void()>;

// --- ways to be on a stack: each runs `b` further in ---

template <int N>
STACKS_NOINLINE long chain(body const& b, long x)
{
    char volatile pad[24 + 8 * (N % 5)];
    pad[N % 24] = static_cast<char>(x);
    long r = 1;
    if constexpr (N == 0)
        b();
    else
        r = chain<N - 1>(b, x + 1);
    STACKS_KEEP;
    return r + pad[N % 24];
}

body const* current = nullptr;
bool once = false;

int compare(void const* a, void const* b)
{
    if (!once) {
        once = true;
        (*current)();
    }
    STACKS_KEEP;
    return *static_cast<int const*>(a) - *static_cast<int const*>(b);
}

STACKS_NOINLINE void in_qsort(body const& b)
{
    int values[40];
    for (int i = 0; i < 40; ++i) values[i] = (i * 7) % 40;
    current = &b;
    once = false;
    std::qsort(values, 40, sizeof values[0], compare);
    STACKS_KEEP;
}

struct base {
    virtual ~base() = default;
    virtual int go(body const&, int) = 0;
};
struct other {
    virtual ~other() = default;
    long pad = 3;
};
struct derived : other, base {
    STACKS_NOINLINE int go(body const& b, int n) override
    {
        int r = 2;
        if (n > 0)
            r = go(b, n - 1);
        else
            b();
        STACKS_KEEP;
        return r + 1;
    }
};
STACKS_NOINLINE void in_virtual(body const& b)
{
    derived d;
    base* p = &d;
    __asm__ volatile("" : "+r"(p));
    p->go(b, 2);
    STACKS_KEEP;
}

STACKS_NOINLINE int variable(body const& b, int n)
{
    auto* const array = static_cast<char*>(alloca(static_cast<std::size_t>(n)));
    std::memset(array, 1, static_cast<std::size_t>(n));
    auto* const more = static_cast<char*>(alloca(static_cast<std::size_t>(n) / 2 + 33));
    std::memset(more, 2, static_cast<std::size_t>(n) / 2);
    __asm__ volatile("" ::"r"(array), "r"(more) : "memory");
    int r = 1;
    if (n > 200)
        r = variable(b, n - 100);
    else
        b();
    __asm__ volatile("" ::"r"(array), "r"(more) : "memory");
    return r + array[1];
}
STACKS_NOINLINE void in_variable(body const& b)
{
    variable(b, 600);
    STACKS_KEEP;
}

STACKS_NOINLINE int realigned(body const& b, int n)
{
    alignas(64) volatile char big[192];
    auto* const array = static_cast<char*>(alloca(static_cast<std::size_t>(n) * 24 + 40));
    std::memset(array, n, static_cast<std::size_t>(n) * 24 + 40);
    big[n] = 1;
    __asm__ volatile("" ::"r"(array), "r"(big) : "memory");
    int r = 1;
    if (n > 0)
        r = realigned(b, n - 1);
    else
        b();
    __asm__ volatile("" ::"r"(array), "r"(big) : "memory");
    return r + array[0] + big[n];
}
STACKS_NOINLINE void in_realigned(body const& b)
{
    realigned(b, 3);
    STACKS_KEEP;
}

STACKS_NOINLINE void thrower(int n)
{
    if (n == 0) throw std::runtime_error{"x"};
    thrower(n - 1);
    STACKS_KEEP;
}
STACKS_NOINLINE void in_catch(body const& b)
{
    try {
        thrower(5);
    } catch (std::runtime_error const&) {
        b();
        STACKS_KEEP;
    }
}

struct runs_at_end {
    body const& b;
    STACKS_NOINLINE ~runs_at_end()
    {
        b();
        STACKS_KEEP;
    }
};
STACKS_NOINLINE void throw_past(body const& b)
{
    runs_at_end const r{b};
    thrower(4);
    STACKS_KEEP;
}
STACKS_NOINLINE void in_destructor(body const& b)
{
    try {
        throw_past(b);
    } catch (std::runtime_error const&) {
        STACKS_KEEP;
    }
}

void on_user_signal(int)
{
    (*current)();
    STACKS_KEEP;
}
STACKS_NOINLINE void in_signal(body const& b)
{
    current = &b;
    struct sigaction action{};
    action.sa_handler = on_user_signal;
    ::sigaction(SIGUSR2, &action, nullptr);
    ::raise(SIGUSR2);
    STACKS_KEEP;
}

void call_body(void* data)
{
    (*static_cast<body const*>(data))();
    STACKS_KEEP;
}
template <int (*F)(callback const&, int)>
STACKS_NOINLINE void in_flagged(body const& b)
{
    F({call_body, const_cast<void*>(static_cast<void const*>(&b))}, 4);
    STACKS_KEEP;
}
STACKS_NOINLINE void in_plain(body const& b)
{
    b();
    STACKS_KEEP;
}

using wrapper = void (*)(body const&);
std::map<std::string, wrapper> const wrappers{
    {"plain", in_plain},
    {"qsort", in_qsort},
    {"virtual", in_virtual},
    {"variable frame", in_variable},
    {"realigned frame", in_realigned},
    {"catch", in_catch},
    {"destructor while unwinding", in_destructor},
    {"signal handler", in_signal},
    {"shared library", in_flagged<library_call>},
    {"omitted frame pointer", in_flagged<omit_pointer_call>},
    {"kept frame pointer", in_flagged<keep_pointer_call>},
    {"unoptimized", in_flagged<unoptimized_call>},
    {"without exceptions", in_flagged<c_call>},
};

/// Runs `leaf` 5 plain frames within the wrapper, and that 9 within the caller.
STACKS_NOINLINE void run_within(wrapper w, body const& leaf)
{
    chain<9>(
        [&] {
            w([&] {
                chain<5>(leaf, 1);
                STACKS_KEEP;
            });
            STACKS_KEEP;
        },
        0);
    STACKS_KEEP;
}

/// Its own stack, copied here and now.
STACKS_NOINLINE void capture_self(capture& to, std::vector<stacks::true_frame>& truth)
{
    ucontext_t context;
    ::getcontext(&context);
    to.values = stacks::registers_in(&context);
    to.outer_end = stacks::outer_end_of_stack();
    to.copy_from(to.values.sp());
    truth = stacks::by_libgcc();
    STACKS_KEEP;
}

void check_self(capture& c, std::vector<stacks::true_frame> const& truth)
{
    errno = 77;
    c.unwind();
    CHECK(errno == 77);
    INFO("unwound:\n" << stacks::text(*c.found) << "libgcc, from its caller on:\n" << stacks::text(truth));
    REQUIRE(c.found->size == truth.size() + 1);
    CHECK(stacks::ends_with(c.addresses(), truth));
    CHECK(c.found->end == unwind_end::outermost);
    CHECK(c.found->notes[0].interrupted);
    // libgcc's is the stack pointer in a frame: the CFA of the one that it called, unless a signal is between.
    for (std::size_t i = 0; i < truth.size(); ++i)
        if (!c.found->notes[i + 1].interrupted) CHECK(c.found->cfas[i] == truth[i].cfa);
}

}  // namespace

TEST_CASE("its own stack is what libgcc says, whatever stands on it", "[unwinder]")
{
    for (auto const& [name, w] : wrappers) {
        INFO(name);
        capture c;
        std::vector<stacks::true_frame> truth;
        run_within(w, [&] {
            capture_self(c, truth);
            STACKS_KEEP;
        });
        check_self(c, truth);
        CHECK(c.found->quality() == trace_quality::exact);  // a landing pad too: the unwinder has left by then
        CHECK(std::count_if(c.found->notes.begin(), c.found->notes.begin() + static_cast<long>(c.found->size),
                            [](frame_note n) { return n.interrupted; }) == (name == "signal handler" ? 2 : 1));
    }
}

TEST_CASE("at several depths", "[unwinder]")
{
    capture c;
    std::vector<stacks::true_frame> truth;
    body const leaf = [&] {
        capture_self(c, truth);
        STACKS_KEEP;
    };
    SECTION("1") { chain<1>(leaf, 0); }
    SECTION("2") { chain<2>(leaf, 0); }
    SECTION("25") { chain<25>(leaf, 0); }
    SECTION("90") { chain<90>(leaf, 0); }
    check_self(c, truth);
    CHECK(c.found->quality() == trace_quality::exact);
}

TEST_CASE("a stack that is deeper than a trace is cut, and says so", "[unwinder]")
{
    capture c;
    std::vector<stacks::true_frame> truth;
    chain<200>(
        [&] {
            capture_self(c, truth);
            STACKS_KEEP;
        },
        0);
    c.unwind();
    CHECK(c.found->end == unwind_end::too_deep);
    CHECK(c.found->quality() == trace_quality::partial);
    REQUIRE(c.found->size == trace::max_frames);
    REQUIRE(truth.size() > trace::max_frames);
    for (std::size_t i = 1; i < trace::max_frames; ++i) CHECK(c.found->addresses[i] == truth[i - 1].address);
    CHECK(c.found->end_at == truth[trace::max_frames - 1].address);
}

TEST_CASE("a copy that ends too early gives what is in it, and where it ended; or the rest is read", "[unwinder]")
{
    capture c;
    std::vector<stacks::true_frame> truth;
    chain<30>(
        [&] {
            capture_self(c, truth);
            c.copy.bytes = c.copy.bytes.first(truth[8].cfa - c.copy.base);
            c.unwind();
            CHECK(c.found->end == unwind_end::copy_exhausted);
            CHECK(c.found->quality() == trace_quality::partial);
            CHECK(c.found->end_at >= c.copy.end() - 7);
            CHECK(c.found->size == 10);
            for (std::size_t i = 1; i < c.found->size; ++i) CHECK(c.found->addresses[i] == truth[i - 1].address);
            c.unwind(outside_copy::read);
            CHECK(c.found->end == unwind_end::outermost);
            CHECK(stacks::ends_with(c.addresses(), truth));
            c.copy.bytes = {};
            c.unwind();
            CHECK(c.found->size == 1);
            CHECK(c.found->end == unwind_end::copy_exhausted);
        },
        0);
}

TEST_CASE("a destroyed stack ends the trace, whatever is in it", "[unwinder]")
{
    capture c;
    std::vector<stacks::true_frame> truth;
    chain<20>(
        [&] {
            capture_self(c, truth);
            STACKS_KEEP;
        },
        0);
    auto const whole = std::vector<std::byte>(c.copy.bytes.begin(), c.copy.bytes.end());
    unsigned random = 1;
    for (int round = 0; round < 300; ++round) {
        std::copy(whole.begin(), whole.end(), c.bytes.get());
        for (std::size_t i = 0; i < whole.size(); ++i) {
            random = random * 1664525 + 1013904223;
            if (random >> 24 < static_cast<unsigned>(round % 64)) c.bytes[i] = static_cast<std::byte>(random >> 16);
        }
        c.unwind();
        CHECK(c.found->size >= 1);
        CHECK(c.found->size <= trace::max_frames);
    }
}

TEST_CASE("a pc that nothing describes is said, or its caller is found by a heuristic", "[unwinder]")
{
    capture c;
    std::vector<stacks::true_frame> truth;
    chain<20>(
        [&] {
            capture_self(c, truth);
            STACKS_KEEP;
        },
        0);
    c.values.set(machine::program_counter, c.copy.base);  // on the stack: no code
    registers const lost = c.values;
    c.values.forget(machine::frame_pointer);
    c.values.set(machine::stack_pointer, c.copy.base);
    if (machine::register_count == 33) c.values.forget(30);
    c.unwind();
    CHECK(c.found->size == 1);
    CHECK(c.found->end == unwind_end::no_unwind_info);
    CHECK(c.found->end_at == c.copy.base);
    CHECK(c.found->quality() == trace_quality::partial);

    // A call through a null pointer: nothing has happened yet but the call.
    c.values = lost;
    c.values.set(machine::program_counter, 0);
    c.values.set(machine::stack_pointer, c.found->addresses.size());  // set below
    std::uintptr_t const slot = truth[2].cfa - 8;
#if LOOPWATCH_HAS_X86_64()
    c.values.set(machine::stack_pointer, slot);
    c.unwind();
    REQUIRE(c.found->size >= 2);
    CHECK(c.found->addresses[0] == 0);
    CHECK(c.found->addresses[1] == truth[2].address);
    CHECK(c.found->has(&frame_note::by_heuristic));
#else
    static_cast<void>(slot);
#endif
}

namespace {
capture* at_stop = nullptr;
std::vector<stacks::true_frame>* truth_at_stop = nullptr;

_Unwind_Reason_Code stop_at_once(int, _Unwind_Action, _Unwind_Exception_Class, _Unwind_Exception*, _Unwind_Context*,
                                 void*)
{
    capture_self(*at_stop, *truth_at_stop);
    STACKS_KEEP;
    return _URC_FATAL_PHASE2_ERROR;
}
}  // namespace

TEST_CASE("within the unwinder of exceptions a trace is approximate, since its frames may be half-restored",
          "[unwinder]")
{
    capture c;
    std::vector<stacks::true_frame> truth;
    at_stop = &c;
    truth_at_stop = &truth;
    _Unwind_Exception exception{};
    chain<3>(
        [&] {
            _Unwind_ForcedUnwind(&exception, stop_at_once, nullptr);
            STACKS_KEEP;
        },
        0);
    check_self(c, truth);
    CHECK(c.found->has(&frame_note::unwinding));
    CHECK(c.found->quality() == trace_quality::approximate);
}

// --- another thread ---

namespace {

struct stuck {
    std::atomic<int> tid{0};
    std::atomic<bool> go_on{false};
    std::vector<stacks::true_frame> truth;
    std::uintptr_t outer_end = 0;
    int pipe[2]{-1, -1};
    std::mutex held;
    std::condition_variable wake;
    std::mutex wake_lock;
};

// Each records its own stack as its caller is, and then blocks until it is let go.
STACKS_NOINLINE void announce(stuck& s, std::vector<stacks::true_frame> truth)
{
    s.truth = std::move(truth);
    s.outer_end = stacks::outer_end_of_stack();
    s.tid = static_cast<int>(::syscall(SYS_gettid));
    STACKS_KEEP;
}
#define BLOCKER(name, ...)                \
    STACKS_NOINLINE void name(stuck& s)   \
    {                                     \
        announce(s, stacks::by_libgcc()); \
        while (!s.go_on) {                \
            __VA_ARGS__;                  \
        }                                 \
        STACKS_KEEP;                      \
    }
BLOCKER(sleeps, timespec t{20, 0}; ::nanosleep(&t, nullptr))
BLOCKER(polls, ::poll(nullptr, 0, 20000))
BLOCKER(selects, timeval t{20, 0}; ::select(0, nullptr, nullptr, nullptr, &t))
BLOCKER(reads, char b; static_cast<void>(!::read(s.pipe[0], &b, 1)))
BLOCKER(locks, s.held.lock(); s.held.unlock())
BLOCKER(waits, std::unique_lock l{s.wake_lock}; s.wake.wait_for(l, std::chrono::seconds{20}))
BLOCKER(epolls, int e = ::epoll_create1(0); epoll_event ev; ::epoll_wait(e, &ev, 1, 20000); ::close(e))

STACKS_NOINLINE int nine_arguments(int a, int b, int c, int d, int e, int f, int g, int h, int i)
{
    __asm__ volatile("" ::"r"(&g), "r"(&h), "r"(&i) : "memory");
    return a + b + c + d + e + f;
}

// Seven arguments: the last lies on the stack while it sleeps. And others before, which are gone by then.
STACKS_NOINLINE void waits_with_pushed_argument(stuck& s)
{
    announce(s, stacks::by_libgcc());
    int word = 0;
    timespec t{20, 0};
    while (!s.go_on) {
        nine_arguments(1, 2, 3, 4, 5, 6, 7, 8, 9);
        if (s.tid == 1) return;
        ::syscall(SYS_futex, &word, 0, 0, &t, nullptr, 0);
        nine_arguments(1, 2, 3, 4, 5, 6, 7, 8, 9);
    }
    STACKS_KEEP;
}
// Large enough for -fstack-clash-protection to touch its pages in a loop.
STACKS_NOINLINE void waits_in_large_frame(stuck& s)
{
    char volatile large[40'000];
    __asm__ volatile("" ::"r"(large) : "memory");
    large[7] = 1;
    announce(s, stacks::by_libgcc());
    while (!s.go_on) ::poll(nullptr, 0, 20000);
    STACKS_KEEP;
}
STACKS_NOINLINE void waits_in_aligned_frame(stuck& s)
{
    alignas(64) volatile char large[256];
    __asm__ volatile("" ::"r"(large) : "memory");
    large[7] = 1;
    announce(s, stacks::by_libgcc());
    while (!s.go_on) ::poll(nullptr, 0, 20000);
    STACKS_KEEP;
}

struct on_thread {
    stuck s;
    std::thread thread;

    on_thread(wrapper w, void (*blocker)(stuck&), bool directly)
    {
        static_cast<void>(!::pipe(s.pipe));
        s.held.lock();
        thread = std::thread{[this, w, blocker, directly] {
            body const leaf = [this, blocker] {
                blocker(s);
                STACKS_KEEP;
            };
            if (directly)
                w(leaf);
            else
                run_within(w, leaf);
            STACKS_KEEP;
        }};
        while (s.tid == 0) ::usleep(200);
    }
    ~on_thread()
    {
        struct sigaction action{};
        action.sa_handler = [](int) {};
        ::sigaction(SIGUSR1, &action, nullptr);
        s.go_on = true;
        s.held.unlock();
        s.wake.notify_all();
        static_cast<void>(!::write(s.pipe[1], "x", 1));
        ::syscall(SYS_tgkill, ::getpid(), s.tid.load(), SIGUSR1);
        thread.join();
        ::close(s.pipe[0]);
        ::close(s.pipe[1]);
    }
};

/// How many frames stand within the recorded caller of the blocker: it, and those of libc.
std::size_t inner_frames(capture const& c, stuck const& s) { return c.found->size - s.truth.size(); }

}  // namespace

TEST_CASE("a sleeping thread, of which only pc and sp are known", "[unwinder]")
{
    std::map<std::string, void (*)(stuck&)> const blockers{{"nanosleep", sleeps},
                                                           {"poll", polls},
                                                           {"select", selects},
                                                           {"read", reads},
                                                           {"mutex", locks},
                                                           {"condition", waits},
                                                           {"epoll_wait", epolls},
                                                           {"futex", waits_with_pushed_argument},
                                                           {"large", waits_in_large_frame},
                                                           {"aligned", waits_in_aligned_frame}};
    std::size_t total = 0, decoded = 0, guessed = 0;
    for (auto const& [name, w] : wrappers)
        for (auto const& [call, blocker] : blockers)
            for (bool directly : {true, false}) {
                if (!directly && call != "poll") continue;
                INFO(name << ", " << call << (directly ? ", directly" : ""));
                on_thread t{w, blocker, directly};
                capture c;
                c.outer_end = t.s.outer_end;
                REQUIRE(stacks::capture_sleeper(t.s.tid, c));
                c.unwind();
                INFO(stacks::text(*c.found) << "truth:\n" << stacks::text(t.s.truth));
                // syscall() of libc saves nothing there: its return address is in x30 alone.
                if (machine::register_count == 33 && call == "futex") {
                    CHECK(c.found->size == 1);
                    CHECK(c.found->end == unwind_end::unknown_register);
                    continue;
                }
                ++total;
                decoded += c.found->has(&frame_note::decoded);
                guessed += c.found->has(&frame_note::guessed);
                CHECK(c.found->end == unwind_end::outermost);
                bool const right = stacks::ends_with(c.addresses(), t.s.truth) && inner_frames(c, t.s) >= 1 &&
                                   inner_frames(c, t.s) <= 9;
                CHECK(right);
                // A frame of dynamic size can only be guessed, and an aligned one where its padding could hold the
                // frame of its caller; but what is guessed is right here.
                if (name != "variable frame" && name != "realigned frame" && call != "aligned")
                    CHECK_FALSE(c.found->has(&frame_note::guessed));
            }
    std::printf("sleeping threads: %zu, frame pointer decoded in %zu, guessed in %zu\n", total, decoded, guessed);
}
