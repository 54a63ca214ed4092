// SPDX-License-Identifier: BSL-1.0

// A library with a guard in a static constructor, which runs while the loader holds its lock.
#include "support/net.hpp"
#include "support/stall.hpp"

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

struct at_load {
    int blocks{0};
    bool forked_well{false};
    bool named{false};

    at_load()
    {
        net::io_context ctx;
        loopwatch::no_loop_blocking guard{
            ctx, {.threshold = 10ms, .action = loopwatch::on_block::log}, [](loopwatch::block_report const&) {}};
        post(ctx, [] { sleep_through(50ms); });
        ctx.run();
        // While the reporter is at work.
        pid_t const child = ::fork();
        if (child == 0) ::_exit(7);
        int status = 0;
        forked_well = ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7;
        auto const seen = guard.blocks();
        blocks = static_cast<int>(seen.size());
        named = !seen.empty() && stack_names(seen[0], "sleep_through") && !seen[0].stack[0].module.empty();
    }
} const at_load;

}  // namespace

extern "C" [[gnu::visibility("default")]] int blocks_at_load() { return at_load.blocks; }
extern "C" [[gnu::visibility("default")]] int forked_well_at_load() { return at_load.forked_well ? 1 : 0; }
extern "C" [[gnu::visibility("default")]] int named_at_load() { return at_load.named ? 1 : 0; }
