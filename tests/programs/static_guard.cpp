// SPDX-License-Identifier: BSL-1.0

// A guard in a static ends after main, while the library's threads are running.
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

namespace {

net::io_context& context()
{
    static net::io_context ctx;
    return ctx;
}

int reports = 0;

struct at_exit {
    ~at_exit() { expect(reports == 2, "the block before and the one after the end of main are reported"); }
} const checks_at_exit;

struct blocks_at_exit {
    ~blocks_at_exit()
    {
        context().restart();
        post(context(), [] { sleep_through(40ms); });
        context().run();
    }
};

}  // namespace

int main()
{
    static loopwatch::no_loop_blocking const guard{context(),
                                                   {.threshold = 10ms, .action = loopwatch::on_block::log},
                                                   [](loopwatch::block_report const&) { ++reports; }};
    static blocks_at_exit const late;
    post(context(), [] { sleep_through(40ms); });
    context().run();
}
