// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What a library that was built in one of several ways calls in each of its functions, by number.
struct calls {
    void (*at)(int number);
    int (*sleep)(unsigned microseconds);
    int sleeps_in;  ///< the number of the function that sleeps
    unsigned microseconds;
};
