// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "run.hpp"

#include <array>
#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <thread>

#include <dlfcn.h>

namespace stress {

/// A plugin, while it is loaded.
struct plugin {
    using call_type = int(int, int (*)(void*), void*);
    using throw_type = int(int);

    void* handle{nullptr};
    call_type* call{nullptr};
    throw_type* throws{nullptr};

    static plugin load(char const* path)
    {
        plugin p;
        p.handle = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (p.handle == nullptr) fail("%s", ::dlerror());
        p.call = reinterpret_cast<call_type*>(::dlsym(p.handle, "plugin_call"));
        p.throws = reinterpret_cast<throw_type*>(::dlsym(p.handle, "plugin_throw"));
        return p;
    }
    void unload() const
    {
        if (::dlclose(handle) != 0) fail("%s", ::dlerror());
    }
};

/// A thread that loads and unloads two plugins in turn, while others call into them. As soon as nobody is inside, the
/// library goes: also while a stack is being walked that was copied when somebody was.
class plugin_churn {
public:
    static constexpr std::array<char const*, 2> paths{STRESS_PLUGIN_A, STRESS_PLUGIN_B};

    /// Runs until `stop`.
    void run(std::atomic<bool> const& stop)
    {
        for (unsigned round = 0; !stop; ++round) {
            char const* const path = paths[round % 2];
            plugin const p = plugin::load(path);
            reinterpret_cast<int (*)()>(::dlsym(p.handle, "plugin_padding"))();
            {
                std::lock_guard const hold{mutex_};
                loaded_ = &p;
            }
            std::this_thread::sleep_for(200us);
            {
                std::lock_guard const hold{mutex_};  // waits until nobody is inside
                loaded_ = nullptr;
            }
            p.unload();
            ++loads_;
            // Where it stays mapped, nothing is tested. The thread that uses it may have a reference of its own.
            if (void* const still = ::dlopen(path, RTLD_NOW | RTLD_NOLOAD)) {
                ::dlclose(still);
                ++kept_;
            }
        }
    }

    /// Calls `use` with the plugin, if one is loaded.
    template <typename Use>
    int with_loaded(Use use)
    {
        std::shared_lock const hold{mutex_};
        return loaded_ != nullptr ? use(*loaded_) : 0;
    }

    [[nodiscard]] unsigned long loads() const { return loads_; }
    [[nodiscard]] unsigned long kept() const { return kept_; }

private:
    std::shared_mutex mutex_;
    plugin const* loaded_{nullptr};
    std::atomic<unsigned long> loads_{0};
    std::atomic<unsigned long> kept_{0};
};

}  // namespace stress
