// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/detail/config.hpp>

#if LOOPWATCH_HAS_LINUX()
#include <loopwatch/impl/analysis/cause/activity.hpp>

#include <string_view>
#include <vector>

#include <linux/futex.h>
#include <sys/syscall.h>

using namespace loopwatch;
using namespace loopwatch::detail;

namespace {

std::vector<frame> stack_of(std::vector<char const*> const& functions)
{
    std::vector<frame> stack;
    for (char const* const f : functions) {
        frame& each = stack.emplace_back();
        each.function = f;
        bool const users = std::string_view{f}.starts_with("app::");
        each.module = users ? "/home/me/app" : "/lib/x86_64-linux-gnu/libc.so.6";
    }
    return stack;
}

thread_reading asleep_in(long call, char state = 'S')
{
    thread_reading r;
    r.state = state;
    r.in_kernel = true;
    r.call.number = call;
    return r;
}

}  // namespace

TEST_CASE("what is waited for in a futex is told by the innermost function that waits", "[cause]")
{
    struct row {
        std::vector<char const*> stack;
        lock_kind kind;
    };
    std::vector<row> const table{
        {{"futex_wait", "__GI___lll_lock_wait", "__pthread_mutex_lock", "std::mutex::lock()", "app::f()"},
         lock_kind::mutex},
        {{"__lll_lock_wait_private", "malloc", "app::f()"}, lock_kind::mutex},
        {{"__futex_abstimed_wait_common", "pthread_cond_wait", "std::condition_variable::wait(...)", "app::f()"},
         lock_kind::condition_variable},
        {{"__lll_lock_wait", "__pthread_mutex_cond_lock", "pthread_cond_wait", "app::f()"}, lock_kind::mutex},
        {{"syscall", "std::__atomic_futex_unsigned_base::_M_futex_wait_until(unsigned*)", "app::f()"},
         lock_kind::future},
        {{"__futex_abstimed_wait_common", "__pthread_clockjoin_ex", "std::thread::join()", "app::f()"},
         lock_kind::join},
        {{"do_futex_wait", "__new_sem_wait_slow64", "sem_wait", "app::f()"}, lock_kind::semaphore},
        {{"futex_wait", "pthread_rwlock_rdlock", "app::f()"}, lock_kind::read_write_lock},
        {{"syscall", "__cxa_guard_acquire", "app::f()"}, lock_kind::initialization},
        {{"syscall", "std::__atomic_wait_address_v<int>", "app::f()"}, lock_kind::atomic},
        // Further out than the user's own code it is somebody else's.
        {{"syscall", "app::own_futex()", "pthread_cond_wait", "app::f()"}, lock_kind::other},
        {{}, lock_kind::other},
    };
    for (row const& r : table) {
        INFO((r.stack.size() > 1 ? r.stack[1] : "none"));
        CHECK(lock_kind_of(stack_of(r.stack), {}) == r.kind);
    }
}

TEST_CASE("what is waited for in a futex is told without libc's debug symbols", "[cause]")
{
    // As libc shows itself everywhere: what waits has no name, and a function that has gone on to it by a jump no
    // frame.
    auto const kind = [](std::vector<char const*> const& stack, thread_reading const& r = asleep_in(SYS_futex)) {
        return lock_kind_of(stack_of(stack), r.call);
    };
    auto held = asleep_in(SYS_futex);
    held.call.mutex_owner = 7;
    auto joins = asleep_in(SYS_futex);
    joins.call.awaited_thread = 7;
    auto inherits = asleep_in(SYS_futex);
    inherits.call.arguments[1] = FUTEX_LOCK_PI_PRIVATE;

    CHECK(kind({"", "", "app::f()"}, held) == lock_kind::mutex);
    CHECK(kind({"", "", "pthread_cond_wait", "app::f()"}, held) == lock_kind::mutex);  // that it takes again
    CHECK(kind({"", "", "app::f()"}, joins) == lock_kind::join);
    CHECK(kind({"", "", "app::f()"}, inherits) == lock_kind::mutex);
    CHECK(kind({"", "pthread_cond_wait", "app::f()"}) == lock_kind::condition_variable);
    CHECK(kind({"", "pthread_rwlock_clockrdlock", "app::f()"}) == lock_kind::read_write_lock);
    CHECK(kind({"", "sem_clockwait", "app::f()"}) == lock_kind::semaphore);
    CHECK(kind({"pthread_once", "app::f()"}) == lock_kind::initialization);
    CHECK(kind({"", "", "app::f()"}) == lock_kind::other);
    // The operation of another call is none.
    auto waits = asleep_in(SYS_futex_waitv);
    waits.call.arguments[1] = FUTEX_LOCK_PI_PRIVATE;
    CHECK(kind({"", "app::f()"}, waits) == lock_kind::other);
}

TEST_CASE("what a thread does is told by its state and its call", "[cause]")
{
    auto const what = [](thread_reading const& r) { return occupation_of(r, {}).what; };
    thread_reading running;
    running.state = 'R';
    CHECK(what(running) == activity::running);
    CHECK(what(thread_reading{}) == activity::unknown);
    CHECK(what(asleep_in(SYS_read)) == activity::call);
    CHECK(what(asleep_in(SYS_read, 'D')) == activity::disk);
    CHECK(what(asleep_in(SYS_fdatasync)) == activity::disk);
    CHECK(what(asleep_in(SYS_futex)) == activity::lock);
    CHECK(what(asleep_in(call_reading::none, 'D')) == activity::disk);  // a page fault
    CHECK(what(asleep_in(SYS_clone, 'D')) == activity::call);           // waits for the child of a vfork
    CHECK(what(asleep_in(SYS_read, 'T')) == activity::stopped);
}

TEST_CASE("of a disk the kernel's own word says what it waits for there", "[cause]")
{
    auto sync = asleep_in(SYS_fdatasync);
    sync.call.arguments[0] = 5;
    std::string const call = occupation_of(sync, {}).text;
    sync.wait_channel = "jbd2_log_wait_commit";
    CHECK(occupation_of(sync, {}).text == call + " in jbd2_log_wait_commit");
    auto fault = asleep_in(call_reading::none, 'D');
    fault.wait_channel = "folio_wait_bit_common";
    CHECK(occupation_of(fault, {}).text == "a page fault in folio_wait_bit_common");
}

TEST_CASE("a lock is named, and one that has an address by it", "[cause]")
{
    auto reading = asleep_in(SYS_futex);
    reading.call.arguments[0] = 0x5500;
    reading.call.futex_word = 4711;
    CHECK(occupation_of(reading, stack_of({"pthread_mutex_lock"})).text == "mutex 0x5500");
    CHECK(occupation_of(reading, stack_of({"pthread_cond_wait"})).text == "condition variable");
    CHECK(occupation_of(reading, stack_of({"pthread_join"})).text == "the end of thread 4711");
}
#endif
