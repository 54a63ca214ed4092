// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vector>

struct place {
    void const* address;  ///< to which a call returns
    unsigned line;
};

std::vector<place> in_functions_of_a_function();
