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

/// Tells which stacks were walked while a library was unloaded: between copy and walk the thread may have left that
/// library, and another may have been loaded to its place, whose unwind information was then taken for that of the
/// frames. Not for the watchdog: the loader's list is locked for long while libbacktrace reads all modules.
class unloading {
public:
    void mark_unloaded(view<snapshot> walked)
    {
#if LOOPWATCH_HAS_UNWINDER()
        if (auto const count = modules_unloaded(); count != count_) {
            count_ = count;
            latest_ = clock::now();  // it was at some time before
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
