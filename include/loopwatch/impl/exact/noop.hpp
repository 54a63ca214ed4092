// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../platform/doorbell.hpp"
#include "../platform/thread.hpp"
#include "handler_facts.hpp"
#include "seen_handler.hpp"

#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// No thread writes down its handlers here.
class handler_reader {
public:
    void begin(doorbell&) {}
    [[nodiscard]] bool begun() const { return false; }
    void read_running(many<seen_handler>& to) { to.clear(); }
    [[nodiscard]] handler_facts facts_of(seen_handler const&) const { return {}; }
    [[nodiscard]] time_point last_begun_within(seen_handler const& one) const { return one.began; }
    static void await_end(seen_handler const&, std::uint64_t) {}
    [[nodiscard]] std::uint64_t ticks_in(nanoseconds) const { return 0; }
    [[nodiscard]] handler_fate fate_of(seen_handler const&) { return {handler_fate::is::gone, {}}; }
    [[nodiscard]] void const* counter_of(thread_number) const { return nullptr; }
    void add_counts(void const*, many<std::uint64_t>&) const {}
    void read_active(many<thread_number>& to) { to.clear(); }
    [[nodiscard]] bool sleep_until_rung() const { return false; }
    static void forget_watchdog() {}
    [[nodiscard]] double nanoseconds_per_tick() const { return 0; }
};

class handler_delays {
public:
    void measure(double) {}
    static void measure_no_more() {}
    static void leave_out_this_thread() {}
    void forget_unknown() {}
    template <typename LoopOf, typename Add>
    void read(LoopOf const&, Add const&)
    {
    }
    template <typename LoopOf, typename Add>
    void read_as_known(LoopOf const&, Add const&)
    {
    }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
