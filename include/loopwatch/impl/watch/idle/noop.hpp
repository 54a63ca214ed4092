// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../detail/config.hpp"
#include "../../base/clock.hpp"
#include "../../base/view.hpp"
#include "../../capture/look.hpp"
#include "../../loop/pulse.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Knows nothing: heartbeats are sent to idle loops as well.
class idle_watch {
public:
    idle_watch(bool, nanoseconds) {}
    void change(nanoseconds) {}
    void look_away() {}
    [[nodiscard]] bool sees_rest(view<loop_thread const>) { return false; }
    void before_beat(pulse&) {}
    void after_beat(pulse const&, nanoseconds) {}
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
