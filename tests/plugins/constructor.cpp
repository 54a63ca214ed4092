// SPDX-License-Identifier: BSL-1.0

// A guard in a static constructor of a library that is loaded: it ends, and so does a fork meanwhile.
#include "plugins/loaded.hpp"

int main(int, char** arguments)
{
    end_if_stuck();
    loaded const plugin{arguments[1]};
    expect(plugin("blocks_at_load") == 1, "the block of the constructor is seen");
    expect(plugin("named_at_load") == 1, "its stack is named");
    expect(plugin("forked_well_at_load") == 1, "a fork in the constructor goes well");
}
