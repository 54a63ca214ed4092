// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "stall.hpp"

#include <stdexcept>
#include <string>
#include <vector>

/// Throws and allocates for so long. Returns how often.
inline int throw_for(nanoseconds time)
{
    int caught = 0;
    for (auto const until = test_clock::now() + time; test_clock::now() < until;) {
        try {
            std::vector<std::string> const some(5, std::string(50, 'x'));
            throw std::runtime_error{some[3]};
        } catch (std::exception const&) {
            ++caught;
        }
    }
    return caught;
}
