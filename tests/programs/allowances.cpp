// SPDX-License-Identifier: BSL-1.0

// Allowances where nobody would look for one: before there is any guard, in destructors of statics and of a thread's
// objects, in the child of a fork, and with more reasons than can be told apart.
#include "expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <loopwatch/impl/allowance/allowance_names.hpp>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using loopwatch::allow_blocking;
using loopwatch::disallow_blocking;

namespace {

struct outcome {
    std::size_t blocks;
    std::string excuse;
};

template <typename Work>
outcome watch(Work work)
{
    net::io_context ctx;
    loopwatch::no_loop_blocking guard{ctx, {.threshold = 10ms, .action = loopwatch::on_block::log}, [](auto const&) {}};
    post(ctx, work);
    ctx.run();
    guard.finish();
    auto const excused = guard.excused();
    return {guard.blocks().size(), excused.empty() ? std::string{} : excused.back().excuse};
}

bool allows(char const* reason)
{
    auto const seen = watch([=] {
        allow_blocking const scope{reason};
        sleep_through(40ms);
    });
    return seen.blocks == 0 && seen.excuse.starts_with("allowed: " + std::string{reason});
}

bool blames()
{
    return watch([] { sleep_through(40ms); }).blocks == 1;
}

// Destroyed after the allowances' own thread_local, which is made later.
struct last_of_its_thread {
    ~last_of_its_thread()
    {
        allow_blocking const scope{"at the end of a thread"};
        disallow_blocking const inside;
    }
    void touch() const {}
};
void use_one()
{
    static thread_local last_of_its_thread const object;
    object.touch();
}

struct last_of_all {
    ~last_of_all()
    {
        // By now there have been too many reasons.
        expect(allows("(one of more than 1000 reasons)"), "it allows in the destructor of a static");
        expect(blames(), "it blames in the destructor of a static");
    }
} const at_the_end;

void in_a_child()
{
    allow_blocking const of_the_parent{"of the parent"};
    pid_t const child = ::fork();
    if (child == 0) {
        ::alarm(20);
        // The thread sanitizer supports no new threads in the child of a process that had several.
        if (LOOPWATCH_HAS_TSAN()) ::_exit(0);
        expect(blames(), "the parent's scope is over in the child");
        expect(allows("in the child"), "it allows in the child");
        {
            disallow_blocking const inside;
            expect(blames(), "it disallows in the child");
        }
        ::_exit(0);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    expect(status == 0, "the child of a fork ends well");
}

}  // namespace

int main()
{
    {
        allow_blocking const scope{"before any guard", 1h};
        disallow_blocking const inside;
    }
    for (int i = 0; i < 100; ++i)
        std::thread{[] {
            use_one();
            allow_blocking const scope{"in a thread without a loop"};
        }}.join();
    in_a_child();
    expect(allows("in the parent"), "it allows in the parent of a fork");
    expect(blames(), "it blames after all that");

    // With a name in it that is made at run time.
    for (int i = 0; i < 3000; ++i) {
        allow_blocking const scope{"file " + std::to_string(i)};
    }
    expect(loopwatch::unused_allowances().size() <= loopwatch::detail::allowance_names::most + 1,
           "reasons are bounded");
    auto const seen = watch([] {
        allow_blocking const scope{"one reason more"};
        sleep_through(40ms);
    });
    expect(seen.blocks == 0, "a reason too many allows even so");
    expect(seen.excuse.starts_with("allowed: (one of more than 1000 reasons)"), "and is told as one of many");
}
