// SPDX-License-Identifier: BSL-1.0

// A log into a pipe that does not wait for its reader is whole nevertheless; what can't be written at all was not heard
// of.
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <cstddef>
#include <cstdlib>
#include <string>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

namespace {

using loopwatch::no_loop_blocking;
using loopwatch::on_block;

/// A pipe in place of standard error, of the smallest size.
class log_pipe {
public:
    log_pipe()
    {
        int ends[2];
        expect(::pipe(ends) == 0, "there are pipes");
        read_from_ = ends[0];
        ::fcntl(ends[1], F_SETPIPE_SZ, 4096);
        ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
        ::dup2(ends[1], STDERR_FILENO);
        ::close(ends[1]);
    }
    log_pipe(log_pipe const&) = delete;
    log_pipe& operator=(log_pipe const&) = delete;
    ~log_pipe()
    {
        close_writer();
        close_reader();
    }

    void close_reader()
    {
        if (read_from_ >= 0) ::close(read_from_);
        read_from_ = -1;
    }
    void close_writer() const { ::dup2(before_, STDERR_FILENO); }

    /// Reads to the end, in large pieces and late, so that the pipe is full in between.
    [[nodiscard]] std::string read_slowly() const
    {
        std::string text;
        char some[4096];
        for (ssize_t size = 0; (size = ::read(read_from_, some, sizeof some)) > 0;) {
            text.append(some, static_cast<std::size_t>(size));
            std::this_thread::sleep_for(20ms);
        }
        return text;
    }

private:
    int before_{::dup(STDERR_FILENO)};
    int read_from_{-1};
};

void block(net::io_context& ctx, int times)
{
    for (int i = 0; i < times; ++i) {
        post(ctx, [] { sleep_through(5ms); });
        ctx.restart();
        ctx.run();
    }
}

constexpr loopwatch::options how{.threshold = 2ms, .heartbeat_interval = 500us, .action = on_block::log};

void check_slow_reader()
{
    log_pipe log;
    std::string text;
    std::thread reader{[&] { text = log.read_slowly(); }};
    net::io_context ctx;
    std::string expected;
    {
        no_loop_blocking guard{ctx, how};
        block(ctx, 30);
        guard.finish();
        for (auto const& report : guard.blocks()) expected += to_string(report);
        for (auto const& report : guard.excused()) expected += to_string(report);
    }
    log.close_writer();
    reader.join();
    expect(expected.size() > 4 * 4096, "the pipe was full");
    // Excused waits stand between the blocks, and are numbered by themselves.
    expect(text.size() == expected.size(), "every report is whole");
}

void check_nobody_reads()
{
    log_pipe log;
    log.close_reader();
    net::io_context ctx;
    no_loop_blocking guard{ctx, how};
    for (int i = 0; i < 1000 && guard.dropped() == 0; ++i) block(ctx, 1);
    block(ctx, 10);
    guard.finish();
    auto const dropped = guard.dropped();
    log.close_writer();
    auto const blocks = guard.blocks();
    expect(blocks.size() == 100, "the last hundred are kept");
    expect(blocks.back().number == dropped + 100, "nobody has heard of the others");
}

}  // namespace

int main()
{
    // What else would be written there, or written differently.
    ::unsetenv("FORCE_COLOR");
    ::setenv("LOOPWATCH_OPTIONS", "ci=off", 1);
    check_slow_reader();
    check_nobody_reads();
}
