// SPDX-License-Identifier: BSL-1.0

// The host closes a library that had a guard: the library's threads run in it, so it stays.
#include "plugins/loaded.hpp"

#include <chrono>
#include <thread>

int main(int, char** arguments)
{
    end_if_stuck();
    // The C++ library is the host's own: one that came with the plugin would be bound to it, and keep it.
    std::thread{[] {}}.join();
    loaded const plugin{arguments[1]};
    expect(plugin("blocks_seen") == 1, "the plugin's guard sees a block");
    plugin.close();
    expect(plugin.still_there(), "the library is not unloaded");
    std::this_thread::sleep_for(std::chrono::milliseconds{100});  // its threads would fall into the void
    loaded const again{arguments[1]};
    expect(again("blocks_seen") == 1, "it works as before");
}
