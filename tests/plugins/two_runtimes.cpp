// SPDX-License-Identifier: BSL-1.0

// A program and a plugin that share no symbols have a runtime each, and one signal for both.
#include "plugins/captures.hpp"
#include "plugins/loaded.hpp"

#include <string_view>
#include <thread>

#include <signal.h>

int main(int, char** arguments)
{
    end_if_stuck();
    loaded const plugin{arguments[1]};
    bool const plugin_first = std::string_view{arguments[2]} == "plugin_first";
    if (plugin_first) expect(plugin("captures") == 1, "the plugin captures, first");
    expect(captures_here(), "the program captures");
    expect(plugin("captures") == 1, "the plugin captures");
    expect(captures_here(), "the program still captures");

    bool of_plugin = false;
    std::thread other{[&] { of_plugin = plugin("captures") == 1; }};
    expect(captures_here(), "the program captures while the plugin does");
    other.join();
    expect(of_plugin, "the plugin captures while the program does");

    // As daemons do. Then each restores its own, and may find the other's.
    ::signal(SIGURG, SIG_DFL);
    expect(captures_here() && plugin("captures") == 1 && captures_here(), "so it is when the signal was reset");
    ::signal(SIGURG, SIG_DFL);
    expect(plugin("captures") == 1 && captures_here() && plugin("captures") == 1, "and in the other order");

    // What the program itself handles is still nobody's.
    ::signal(SIGURG, [](int) {});
    expect(!captures_here() && plugin("captures") == 0, "a handler of the program's own is kept");
}
