// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "unwind/support/flagged.hpp"
#include "unwind/support/stacks.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <map>
#include <sstream>
#include <stdexcept>

#include <alloca.h>
#include <setjmp.h>
#include <time.h>

using namespace loopwatch::detail;

// x86-64: the processor traps after every instruction of a workload, and the stack is unwound there: by us from a copy,
// by libgcc in place, and by the return addresses that the workload notes down itself. What is compared: prologues,
// epilogues, stubs of the linkage table, the loader's lazy binding, exceptions on their way.

namespace {

std::uintptr_t noted[256];
unsigned volatile depth = 0;
struct note {
    explicit note(void* return_address)
    {
        noted[depth] = reinterpret_cast<std::uintptr_t>(return_address);
        STACKS_KEEP;
        depth = depth + 1;
    }
    ~note()
    {
        STACKS_KEEP;
        depth = depth - 1;
    }
};
#define NOTE note const note_(__builtin_return_address(0))

stacks::capture* at_trap = nullptr;
unsigned every = 1;
std::uint64_t steps = 0, compared = 0, equal = 0, crashes = 0, wrong = 0, wrong_said = 0, incomplete = 0;
std::map<std::string, std::pair<unsigned, std::string>> differences;
std::uintptr_t theirs[512];
unsigned their_count = 0;
sigjmp_buf after_crash;

_Unwind_Reason_Code add_theirs(_Unwind_Context* context, void*)
{
    if (their_count < 512) theirs[their_count++] = _Unwind_GetIP(context);
    return _URC_NO_REASON;
}
void on_crash(int) { ::siglongjmp(after_crash, 1); }

/// Are the noted addresses, outermost first, all in the trace, in their order?
bool contains_noted(trace const& t)
{
    std::size_t i = t.size;
    for (unsigned k = 0; k < depth; ++k) {
        if (k > 0 && noted[k] == noted[k - 1]) continue;  // inlined, it notes its caller's
        do {
            if (i == 0) return false;
            --i;
        } while (t.addresses[i] != noted[k]);
    }
    return true;
}

void on_trap(int, siginfo_t*, void* context)
{
    int const kept = errno;
    ++steps;
    auto& flags = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL];
    stacks::capture& c = *at_trap;
    c.values = stacks::registers_in(context);
    if (steps % every != 0) return;
    if (c.values.sp() >= c.outer_end || c.values.sp() + 8'000'000 < c.outer_end) {
        flags &= ~0x100L;
        return;
    }
    c.copy_from(c.values.sp());
    c.unwind();
    their_count = 0;
    bool volatile crashed = false;
    if (sigsetjmp(after_crash, 1) == 0)
        _Unwind_Backtrace(add_theirs, nullptr);
    else
        crashed = true;
    if (crashed) ++crashes;
    ++compared;
    unsigned from = 0;
    while (from < their_count && theirs[from] != c.values.pc()) ++from;
    while (their_count > from && theirs[their_count - 1] == 0) --their_count;
    bool const same = c.found->size == their_count - from &&
                      std::equal(theirs + from, theirs + their_count, c.found->addresses.begin());
    bool const right = contains_noted(*c.found);
    if (same) ++equal;
    if (!right) ++wrong;
    if (!right && c.found->quality() != trace_quality::exact) ++wrong_said;
    if (c.found->end != unwind_end::outermost) ++incomplete;
    if ((!same || !right) && differences.size() < 300) {
        auto& d = differences[stacks::text(c.values.pc() + 1)];
        if (++d.first == 1)
            d.second = std::string{right ? "ours right" : "ours WRONG"} + (crashed ? ", libgcc crashed" : "") +
                       ", ours " + std::to_string(c.found->size) + " quality " +
                       std::to_string(static_cast<int>(c.found->quality())) + ", libgcc " +
                       std::to_string(their_count - from);
    }
    errno = kept;
}

inline __attribute__((always_inline)) void step_on()
{
    __asm__ volatile("lea -128(%%rsp),%%rsp; pushfq; orq $0x100,(%%rsp); popfq; lea 128(%%rsp),%%rsp" ::
                         : "memory", "cc");
}
inline __attribute__((always_inline)) void step_off()
{
    __asm__ volatile("lea -128(%%rsp),%%rsp; pushfq; andq $~0x100,(%%rsp); popfq; lea 128(%%rsp),%%rsp" ::
                         : "memory", "cc");
}

int compare(void const* a, void const* b)
{
    NOTE;
    return *static_cast<int const*>(a) - *static_cast<int const*>(b);
}
STACKS_NOINLINE int variable(int n)
{
    NOTE;
    auto* const p = static_cast<char*>(alloca(static_cast<std::size_t>(n) + 9));
    p[0] = 1;
    __asm__ volatile("" ::"r"(p) : "memory");
    int const r = n > 60 ? variable(n - 20) : 1;
    STACKS_KEEP;
    return r + p[0];
}
STACKS_NOINLINE int realigned(int n)
{
    NOTE;
    alignas(64) volatile char big[128];
    auto* const p = static_cast<char*>(alloca(static_cast<std::size_t>(n) * 8 + 40));
    __asm__ volatile("" ::"r"(p), "r"(big) : "memory");
    p[0] = 2;
    big[n] = 1;
    int const r = n > 0 ? realigned(n - 1) : 1;
    STACKS_KEEP;
    return r + p[0] + big[n];
}
STACKS_NOINLINE void thrower(int n)
{
    NOTE;
    std::string const s(static_cast<std::size_t>(n) * 10 + 20, 'x');
    if (n == 0) throw std::runtime_error{s};
    thrower(n - 1);
    STACKS_KEEP;
}
STACKS_NOINLINE int catcher()
{
    NOTE;
    try {
        thrower(3);
    } catch (std::runtime_error const& e) {
        STACKS_KEEP;
        return e.what()[0];
    }
    return 0;
}
void call_back(void* data)
{
    NOTE;
    ++*static_cast<int*>(data);
    STACKS_KEEP;
}

STACKS_NOINLINE int work()
{
    NOTE;
    int values[20];
    for (int i = 0; i < 20; ++i) values[i] = (i * 7) % 20;
    std::qsort(values, 20, sizeof values[0], compare);
    int r = values[3] + variable(120) + realigned(3) + catcher();
    callback const c{call_back, &r};
    r += omit_pointer_call(c, 3) + keep_pointer_call(c, 3) + unoptimized_call(c, 3) + library_call(c, 3) + c_call(c, 3);
    std::ostringstream out;
    out << r << 3.25 << std::hex << 77;
    r += static_cast<int>(out.str().size());
    std::map<int, std::string> m;
    for (int i = 0; i < 10; ++i) m.emplace(i * 3 % 7, "q");
    std::function<int(int)> const f = [&](int x) {
        NOTE;
        return x + static_cast<int>(m.size());
    };
    timespec now;
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    char buffer[200];
    r += f(3) + std::snprintf(buffer, sizeof buffer, "%d %s %f %p", r, "abc", 3.5, static_cast<void*>(buffer));
    void* const p = std::malloc(200'000);
    std::free(p);
    STACKS_KEEP;
    return r;
}

}  // namespace

TEST_CASE("at every instruction of a workload the trace is right, and all but everywhere libgcc's", "[unwinder]")
{
    stacks::capture c;
    c.outer_end = stacks::outer_end_of_stack();
    at_trap = &c;
    char const* const asked = ::getenv("LOOPWATCH_STEP_EVERY");
    every = asked != nullptr ? static_cast<unsigned>(std::atoi(asked)) : 3;
    _Unwind_Backtrace(add_theirs, nullptr);
    struct sigaction action{};
    action.sa_sigaction = on_trap;
    action.sa_flags = SA_SIGINFO;
    ::sigfillset(&action.sa_mask);
    ::sigdelset(&action.sa_mask, SIGSEGV);
    ::sigdelset(&action.sa_mask, SIGBUS);
    ::sigaction(SIGTRAP, &action, nullptr);
    struct sigaction crash{};
    crash.sa_handler = on_crash;
    ::sigaction(SIGSEGV, &crash, nullptr);
    ::sigaction(SIGBUS, &crash, nullptr);
    step_on();
    work();
    step_off();
    ::signal(SIGTRAP, SIG_DFL);
    ::signal(SIGSEGV, SIG_DFL);
    ::signal(SIGBUS, SIG_DFL);
    std::printf(
        "stepped %lu, compared %lu, equal to libgcc %lu, wrong %lu (of which said %lu), incomplete %lu, libgcc "
        "crashed %lu\n",
        steps, compared, equal, wrong, wrong_said, incomplete, crashes);
    for (auto const& [where, d] : differences) std::printf("  %u x %s: %s\n", d.first, where.c_str(), d.second.c_str());
    CHECK(compared > 10'000);
    // In libgcc's unwinder alone, which rewrites its frames in place; and there it is said.
    CHECK(wrong == wrong_said);
    CHECK(wrong * 500 < compared);
    CHECK((compared - equal) * 500 < compared);
}
