// SPDX-License-Identifier: BSL-1.0
#pragma once

// Functions that call back, each in a translation unit with compiler flags of its own (see build_and_test.sh), so that
// frames of different kinds stand on one stack.
struct callback {
    void (*call)(void*);
    void* data;
};

int omit_pointer_call(callback const&, int depth);  // -O2 -fomit-frame-pointer
int keep_pointer_call(callback const&, int depth);  // -O2 -fno-omit-frame-pointer
int unoptimized_call(callback const&, int depth);   // -O0
int library_call(callback const&, int depth);       // in a shared library
int c_call(callback const&, int depth);             // -O0 -fno-exceptions: no word of arguments that are pushed
