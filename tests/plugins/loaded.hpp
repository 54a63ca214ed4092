// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "programs/expect.hpp"

#include <cstdio>

#include <dlfcn.h>
#include <unistd.h>

/// A library that is loaded now.
class loaded {
public:
    explicit loaded(char const* file) : file_{file}, handle_{::dlopen(file, RTLD_NOW | RTLD_LOCAL)}
    {
        if (handle_ == nullptr) std::fprintf(stderr, "%s\n", ::dlerror());
        expect(handle_ != nullptr, "the plugin can be loaded");
    }

    /// What one of its functions gives.
    [[nodiscard]] int operator()(char const* function) const
    {
        auto* const f = reinterpret_cast<int (*)()>(::dlsym(handle_, function));
        expect(f != nullptr, function);
        return f();
    }

    void close() const { expect(::dlclose(handle_) == 0, "the plugin can be closed"); }
    [[nodiscard]] bool still_there() const { return ::dlopen(file_, RTLD_NOW | RTLD_NOLOAD) != nullptr; }

private:
    char const* file_;
    void* handle_;
};

/// A deadlock ends the program, which the test then sees fail.
inline void end_if_stuck() { ::alarm(20); }
