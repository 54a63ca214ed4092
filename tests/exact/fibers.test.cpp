// SPDX-License-Identifier: BSL-1.0

// Handlers on stacks of their own, that are left in their midst and come back: what yield_context and fibers do.

#include "exact/written_down.hpp"
#include "support/catch.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <ucontext.h>

namespace {

/// One function on a stack of its own.
class fiber {
public:
    explicit fiber(void (*run)(fiber&)) : run_{run}
    {
        current_ = this;
        ::getcontext(&here_);
        here_.uc_stack.ss_sp = stack_.data();
        here_.uc_stack.ss_size = stack_.size();
        here_.uc_link = &resumer_;
        ::makecontext(&here_, &start, 0);
    }
    void resume()
    {
        current_ = this;
        ::swapcontext(&resumer_, &here_);
    }
    void leave() { ::swapcontext(&here_, &resumer_); }

private:
    static void start() { current_->run_(*current_); }

    static inline thread_local fiber* current_ = nullptr;
    void (*run_)(fiber&);
    std::vector<char> stack_ = std::vector<char>(std::size_t{256} * 1024);
    ucontext_t here_{};
    ucontext_t resumer_{};
};

/// Runs a handler on the fiber, and leaves it in its midst, twice.
void leave_a_handler(fiber& self)
{
    net::io_context nested{1};
    net::post(nested, [&] {
        self.leave();
        self.leave();
    });
    nested.run();
}

}  // namespace

// It must come back before the one around it ends: Asio's own list of what a thread runs asks for the same.
TEST_CASE("a handler that is left in its midst goes on until it comes back and ends")
{
    net::io_context context{1};
    fiber one{leave_a_handler};
    net::post(context, [&] {
        auto const outer = innermost().began.load();
        one.resume();
        REQUIRE(depth() == 2);
        auto const inner = innermost().began.load();
        CHECK(running(0).began.load() == outer);
        one.resume();
        CHECK(depth() == 2);
        CHECK(innermost().began.load() == inner);
        one.resume();
        CHECK(depth() == 1);
        CHECK(innermost().began.load() == outer);
    });
    context.run();
    CHECK(depth() == 0);
    CHECK(exact::stamp == 0);
}

TEST_CASE("a fiber that no handler is left on belongs to the handler that resumes it")
{
    net::io_context context{1};
    fiber one{[](fiber& self) {
        self.leave();
        CHECK(depth() == 1);
        self.leave();
        CHECK(depth() == 0);
    }};
    one.resume();
    net::post(context, [&] { one.resume(); });
    context.run();
    one.resume();
    CHECK(depth() == 0);
}
