// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/owned.hpp"
#include "../../detail/run_list/scheduler_identity.hpp"
#include "../../detail/shared.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../block/raw_block.hpp"
#include "../evidence/evidence.hpp"
#include "../exact/busy_threads.hpp"
#include "../exact/exact.hpp"
#include "../loop/couriers.hpp"
#include "../loop/runners.hpp"
#include "../platform/thread.hpp"
#include "../report/reporter.hpp"
#include "watch.hpp"
#include "watch_host.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// This process.
class process_host final : public watch_host {
public:
    process_host(reporter& to, couriers const& own) : reporter_{to}, couriers_{own} {}

    [[nodiscard]] std::uintptr_t run_call_of(thread_number thread, scheduler_identity const& loop) override
    {
        return detail::run_call_of(thread, loop);
    }
    [[nodiscard]] loop_runners find_runners(scheduler_identity const& loop, view<loop_thread const> known) override
    {
        return search_(loop, known);
    }
    [[nodiscard]] loop_runners find_runners_lately(scheduler_identity const& loop, view<loop_thread const> known,
                                                   time_point now) override
    {
        return search_.lately(loop, known, now);
    }
    [[nodiscard]] bool add_other_threads(view<loop_thread const> known, std::size_t room,
                                         many<loop_thread>& to) override
    {
        std::size_t const most = to.size() + room;
        return threads_.list([&](thread_number thread) {
            if (thread == reporter_.number() || couriers_.contain(thread)) return true;
            if (first_with(known, &loop_thread::number, thread) != nullptr) return true;
            if (to.size() == most) return false;
            to.push_back({.number = thread});
            return true;
        });
    }
    [[nodiscard]] std::uintptr_t innermost_call_of(thread_number thread, scheduler_identity const& loop) override
    {
        return detail::innermost_call_of(thread, loop);
    }
    [[nodiscard]] view<seen_handler const> running_handlers() override
    {
        running_at_ = clock::now();
        handlers_.read_running(running_);
        return running_;
    }
    [[nodiscard]] view<seen_handler const> running_handlers_lately(time_point now, nanoseconds oldest) override
    {
        return now - running_at_ <= oldest ? view<seen_handler const>{running_} : running_handlers();
    }
    [[nodiscard]] handler_facts facts_of(seen_handler const& one) override
    {
        handler_facts facts = handlers_.facts_of(one);
        if (facts.native >= 0) facts.descriptor = read_descriptor(static_cast<int>(facts.native));
        return facts;
    }
    [[nodiscard]] time_point last_begun_within(seen_handler const& one) override
    {
        return handlers_.last_begun_within(one);
    }
    void await_end(seen_handler const& one, nanoseconds rings_after) override
    {
        handler_reader::await_end(one, handlers_.ticks_in(rings_after));
    }
    [[nodiscard]] handler_fate fate_of(seen_handler const& one) override { return handlers_.fate_of(one); }
    [[nodiscard]] void const* counter_of(thread_number thread) override { return handlers_.counter_of(thread); }
    void add_counts(void const* counter, many<std::uint64_t>& to) override { handlers_.add_counts(counter, to); }

    [[nodiscard]] maybe<nanoseconds> waited_since(thread_number thread, time_point since,
                                                  thread_counters const& to) override
    {
        return waits_.since(thread, since, to);
    }

    [[nodiscard]] handler_reader& handlers() { return handlers_; }
    [[nodiscard]] busy_threads& waits() { return waits_; }

    [[nodiscard]] std::string name_of(thread_number thread) override { return thread_name(thread); }
    [[nodiscard]] process_counters read_process_counters() override { return process_reader::counters(); }
    void read_process(process_reading& to) override { process_.read(to); }
    void hand_over(watch& w, owned<raw_block> block) override
    {
        reporter_.hand_over(shared<watched>{&w.reported_as()}, std::move(block));
    }
    void count_dropped(watch& w) override { reporter_.count_dropped(w.reported_as()); }

private:
    reporter& reporter_;
    couriers const& couriers_;
    runner_search search_;
    thread_list threads_;
    process_reader process_;
    handler_reader handlers_;
    many<seen_handler> running_;
    time_point running_at_{};
    busy_threads waits_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
