// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/view.hpp"
#include "snapshot.hpp"

#if LOOPWATCH_HAS_UNWINDER()
#include "../unwind/module_table_linux.hpp"
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Marks stacks of which a library may have been unloaded between copy and walk: if another was then loaded at its
/// address, the frames were walked with the wrong unwind information. Not for the watchdog: the loader's list is locked
/// for long while libbacktrace reads all modules.
class unloading {
public:
    void mark_unloaded(view<snapshot> walked)
    {
#if LOOPWATCH_HAS_UNWINDER()
        if (auto const count = modules_unloaded(); count != count_) {
            count_ = count;
            latest_ = clock::now();  // an upper bound
        }
        for (snapshot& s : walked)
            if (s.missing == capture_error::none && s.size > 0 && s.taken_at <= latest_ && !never_unloaded(s.frames()))
                s.missing = capture_error::unloaded;
#else
        static_cast<void>(walked);
#endif
    }

private:
    [[maybe_unused]] unsigned long long count_{0};
    [[maybe_unused]] time_point latest_{time_point::min()};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
