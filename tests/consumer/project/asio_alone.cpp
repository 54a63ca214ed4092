// SPDX-License-Identifier: BSL-1.0
// Another file of a user's program: it knows nothing of loopwatch.
#include <asio.hpp>

#if !defined(LOOPWATCH_TRACKS_ASIO)
#error "loopwatch::exact does not have Asio include loopwatch/exact_tracking.hpp"
#endif

void post_something(asio::io_context& loop);

void post_something(asio::io_context& loop)
{
    post(loop, [] {});
}
