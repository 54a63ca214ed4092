// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "net.hpp"

#include <future>
#include <thread>

/// A loop on a thread of its own.
class running_loop {
public:
    running_loop() = default;
    running_loop(running_loop const&) = delete;
    running_loop& operator=(running_loop const&) = delete;
    ~running_loop() { finish(); }

    /// Runs what was posted, and no more after that.
    void finish()
    {
        work_.reset();
        if (runner_.joinable()) runner_.join();
    }

    /// Waits for a handler of it.
    template <typename Do>
    void in_loop(Do what)
    {
        std::promise<void> done;
        post(ctx, [&] {
            what();
            done.set_value();
        });
        done.get_future().wait();
    }

    net::io_context ctx{1};

private:
    net::executor_work_guard<net::io_context::executor_type> work_{ctx.get_executor()};
    std::thread runner_{[this] { ctx.run(); }};
};
