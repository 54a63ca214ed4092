// SPDX-License-Identifier: BSL-1.0

#include <asio.hpp>

/// A handler of a type that the program does not know, which calls the program.
extern "C" __attribute__((visibility("default"))) void post_from_plugin(asio::io_context& loop, void (*call)(void*),
                                                                        void* with)
{
    asio::post(loop, [call, with] { call(with); });
}
