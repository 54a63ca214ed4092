// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../detail/algorithm.hpp"
#include "../../../detail/config.hpp"
#include "../../../detail/maybe.hpp"
#include "../../base/clock.hpp"
#include "../../base/fixed.hpp"
#include "../../base/view.hpp"
#include "../../capture/capture.hpp"
#include "../../capture/look.hpp"
#include "../../capture/snapshot.hpp"
#include "../../evidence/run_time_linux.hpp"
#include "../../evidence/thread_files_linux.hpp"
#include "../../loop/pulse.hpp"
#include "../../unwind/call_site.hpp"
#include "../../unwind/cfi_lookup.hpp"
#include "../../unwind/foreign_memory_linux.hpp"
#include "../../unwind/machine_code.hpp"
#include "../../unwind/module_table_linux.hpp"
#include "beside_handlers.hpp"
#include "known_places.hpp"
#include "waiting_place_linux.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The code of this process, as beside_handlers() asks for it.
class running_code {
public:
    explicit running_code(foreign_memory& memory) : memory_{&memory} { memory_->forget(); }

    [[nodiscard]] std::uintptr_t function_start(std::uintptr_t address)
    {
        cfi_entry entry;
        return find_entry(*memory_, address - 1, entry) == cfi_found::yes ? entry.begin : 0;
    }
    [[nodiscard]] bool is_direct_call(std::uintptr_t address)
    {
        call_site const found = call_site_before(*memory_, address, 0);
        return found == call_site::exact || found == call_site::elsewhere;
    }
    [[nodiscard]] std::uintptr_t module_of(std::uintptr_t address)
    {
        loaded_module module;
        return find_module(address, module) ? module.begin : 0;
    }

private:
    foreign_memory* memory_;
};

/// Learns where the threads of one loop wait for work, and then tells, without the loop's help, that one does: such a
/// loop has nothing to prove, and is left asleep.
///
/// Why nothing is missed. A thread that sleeps in the wait of its scheduler, be it the reactor or the condition
/// variable, would be woken by whatever is posted, and run it: so it is as good as a heartbeat that ran at this moment.
/// Also in a loop of several threads, of which one is enough, for it would take the heartbeat. A thread that was woken
/// a moment ago and has not run yet is not seen asleep, but "running". A block that begins right after the look is met
/// by the heartbeat of the next, a period later, as after a beat. It is not so in a strand, which may be held by one
/// thread while another sleeps.
///
/// Used under the watchdog's mutex.
class idle_watch {
public:
    /// `possible`: it is a context by itself, that will tell when it goes.
    idle_watch(bool possible, nanoseconds period) : possible_{possible}, at_once_{at_once(period)} {}

    void change(nanoseconds period) { at_once_ = at_once(period); }

    /// What was seen of the threads just now is of no use to the next heartbeat.
    void look_away()
    {
        seen_size_ = 0;
        trial_.reset();
    }

    /// Whether one of the threads sleeps where this loop's threads wait for work. Some microseconds.
    [[nodiscard]] bool sees_rest(view<loop_thread const> threads)
    {
        look_away();
        if (!possible_) return false;
        // What has not run since it was seen there is still there.
        if (rest_ && exact_run_time(rest_->thread) == rest_->run_time) return true;
        rest_.reset();
        paused_ = pause_ > 0;
        if (paused_) --pause_;
        if (paused_ && !places_.any_hope()) return false;
        for (loop_thread const& thread : threads) {
            auto const run_time = exact_run_time(thread.number);
            kernel_sleep at;
            if (look_into_kernel(thread.number, thread_files::shared(), at) != seen_in_kernel::sleeping) continue;
            auto const place = waiting_place_of(at);
            if (!place) continue;
            if (places_.of(*place) == standing::proven) {
                if (run_time) rest_ = rest{thread.number, *run_time};
                return true;
            }
            seen_[seen_size_++] = {thread.number, *place};
        }
        return false;
    }

    /// None does, as far as is known, and a heartbeat is about to be posted: it may teach something. 60 us if so.
    void before_beat(pulse& beat)
    {
        auto const seen = view{seen_}.first(seen_size_);
        auto const is = [this](standing what) {
            return [this, what](sighting_of_one const& s) { return places_.of(s.place) == what; };
        };
        // While one is on trial the heartbeats themselves are the trial.
        if (paused_ || any_of(seen, is(standing::on_trial))) return;
        // The last: of several threads that wait, the one that has waited longest is the next to be woken.
        sighting_of_one const* fresh = nullptr;
        for (sighting_of_one const& each : seen)
            if (is(standing::unknown)(each)) fresh = &each;
        if (fresh == nullptr) return;
        auto& capture = capture_tools::get();
        if (capture.look_at_sleeper(fresh->thread, capture.unwind, stack_) != sleeper_capture::result::taken ||
            stack_.missing != capture_error::none)
            return put_off();
        trial_ = *fresh;
        static_cast<void>(beat.call_when_run());
    }

    /// The heartbeat has run, `waited` after it was posted.
    void after_beat(pulse const& beat, nanoseconds waited)
    {
        auto const seen = view{seen_}.first(seen_size_);
        sighting_of_one const* const by = first_with(seen, &sighting_of_one::thread, beat.thread());
        bool const in_time = waited <= at_once_;
        if (trial_ && in_time && by != nullptr && by->thread == trial_->thread) {
            snapshot const& path = beat.path();
            bool const whole = path.missing == capture_error::none;
            places_.judge(trial_->place,
                          whole && beside_handlers(stack_.frames(), path.frames(), running_code{code_memory()}));
            if (places_.of(trial_->place) == standing::on_trial) distance_ = 1;
        }
        if (trial_ && places_.of(trial_->place) != standing::on_trial) put_off();
        if (by != nullptr) places_.answered(by->place, in_time);
        look_away();
    }

private:
    using places = known_places<waiting_place>;
    using standing = places::standing;
    struct sighting_of_one {
        thread_number thread{0};
        waiting_place place;
    };
    struct rest {
        thread_number thread{0};
        nanoseconds run_time{};
    };

    /// How soon a heartbeat has to run that is run at once.
    static nanoseconds at_once(nanoseconds period)
    {
        constexpr nanoseconds longest = std::chrono::microseconds{500};
        return std::min(period / 4, longest);
    }

    /// Nothing where the kernel counts in ticks: there a thread may have run and not be seen to.
    static maybe<nanoseconds> exact_run_time(thread_number thread)
    {
        auto const time = run_time_of(thread);
        return time && time->count() % 1'000'000 != 0 ? time : nothing;
    }

    static foreign_memory& code_memory()
    {
        static auto* const memory = new foreign_memory;  // 64 KB; never destroyed, as the thread that uses it
        return *memory;
    }

    /// A loop that can't be understood is asked more and more rarely.
    void put_off()
    {
        constexpr unsigned longest = 4096;
        pause_ = distance_;
        distance_ = std::min(distance_ * 2, longest);
    }

    bool possible_;
    maybe<rest> rest_;
    nanoseconds at_once_;
    places places_;
    fixed<sighting_of_one, loop_threads::max> seen_{};
    std::size_t seen_size_{0};
    maybe<sighting_of_one> trial_;  // the one whose stack is in stack_
    snapshot stack_;
    bool paused_{false};
    unsigned pause_{0};  // in heartbeats
    unsigned distance_{1};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
