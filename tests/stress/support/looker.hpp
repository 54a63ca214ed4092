// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "run.hpp"
#include "shadow.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <thread>

#include <loopwatch/impl/capture/capture.hpp>
#include <loopwatch/impl/capture/unloading.hpp>
#include <loopwatch/impl/coroutine/awaitable_layouts.hpp>

#include <dlfcn.h>

namespace stress {

namespace detail = loopwatch::detail;

/// Captures as the watchdog does. Only where no watchdog runs: its tools are for one thread.
class looker {
public:
    enum class way { signal, sleeping, none };

    struct sight {
        detail::snapshot shot;
        way by{way::none};
        detail::stack_copy copy;  // valid until the next one
        time_point asked_at;
    };

    looker()
    {
        detail::wake_this_thread_on_time();
        detail::prepare_capture();
        // As in a program that includes Asio: then every stack is also searched for coroutines.
        detail::process_awaitable_layouts.add({.handle = 0, .attached_thread = 8, .caller = 16, .bottom_of_stack = 0});
    }

    sight const& look_at(detail::thread_number thread)
    {
        sight& s = sight_;
        s.asked_at = clock::now();
        detail::capture_request request;
        detail::capture_tools::get().look_at_sleeper.forget();  // the copy is wanted
        bool done = detail::request_capture({thread}, request, s.shot);
        detail::capture_slot const* slot = nullptr;
        while (!done) {
            std::this_thread::sleep_for(50us);
            if (request.slot != nullptr) slot = request.slot;  // it may be asked later than it was looked at
            done = detail::poll(request, s.shot);
        }
        s.by = way::none;
        if (s.shot.size == 0) return s;
        bool const answered = slot != nullptr && s.shot.taken_at.time_since_epoch().count() == slot->image.taken_at_ns;
        if (answered) modules_.mark_unloaded({&s.shot, 1});  // as the reporter does
        s.by = answered ? way::signal : way::sleeping;
        s.copy = answered ? slot->image.stack.copy() : detail::capture_tools::get().look_at_sleeper.stack().copy();
        return s;
    }

private:
    detail::unloading modules_;
    sight sight_;
};

/// What became of many captures, and the verdict on each.
class tally {
public:
    /// Judges a capture of the thread whose account is at `account`, which had made `steps` before it was asked.
    void add(looker::sight const& s, detail::thread_number thread, shadow const* account, std::uint64_t steps)
    {
        ++captures_;
        if (s.by == looker::way::none) {
            ++unanswered_[static_cast<std::size_t>(s.shot.missing)];
            return;
        }
        ++by_[s.by == looker::way::signal ? 0 : 1];
        bool const exact = s.shot.missing == detail::capture_error::none;
        ++(exact ? exact_ : s.shot.complete() ? approximate_ : partial_);
        if (s.shot.taken_at < s.asked_at || s.shot.taken_at > clock::now()) fail("a stack is of before or after");
        auto const then = shadow_in(s.copy, account);
        if (!then) {
            ++beyond_;
            return;
        }
        if (then->first != shadow::signature || then->last != shadow::signature || then->owner != thread)
            fail("a stack is of another thread than asked for");
        if (then->step < steps || then->step > account->step_now())
            fail("a stack is of another moment: step %llu, asked at %llu", static_cast<unsigned long long>(then->step),
                 static_cast<unsigned long long>(steps));
        if (agrees(*then, s.shot.frames())) {
            ++(exact ? right_ : right_flagged_);
        } else if (!exact) {
            ++wrong_flagged_;
        } else {
            show(s, *then);
            fail("a stack that claims to be exact is not what the thread accounts for");
        }
    }

    [[nodiscard]] unsigned long right() const { return right_; }
    /// Right, whether or not they were sure of it.
    [[nodiscard]] unsigned long agreeing() const { return right_ + right_flagged_; }
    [[nodiscard]] unsigned long no_stack(detail::capture_error why) const
    {
        return unanswered_[static_cast<std::size_t>(why)];
    }
    [[nodiscard]] unsigned long captures() const { return captures_; }
    [[nodiscard]] unsigned long by_signal() const { return by_[0]; }
    [[nodiscard]] unsigned long sleeping() const { return by_[1]; }

    void print(char const* what) const
    {
        std::printf(
            "%s: %lu captures (%lu by signal, %lu sleeping): %lu exact, %lu approximate, %lu partial\n"
            "    right %lu, wrong 0, right but flagged %lu, wrong and flagged %lu, account not in the copy %lu\n",
            what, captures_, by_[0], by_[1], exact_, approximate_, partial_, right_, right_flagged_, wrong_flagged_,
            beyond_);
        for (std::size_t i = 0; i < unanswered_.size(); ++i)
            if (unanswered_[i] > 0)
                std::printf("    no stack %lu: %s\n", unanswered_[i],
                            std::string{text_of(static_cast<detail::capture_error>(i))}.c_str());
        std::fflush(stdout);
    }

private:
    static void line(char const* kind, std::uintptr_t address)
    {
        Dl_info info{};
        bool const found = ::dladdr(reinterpret_cast<void*>(address - 1), &info) != 0;
        std::fprintf(stderr, "    %-9s %#zx %s+%#zx %s\n", kind, address, found ? info.dli_fname : "?",
                     found ? address - reinterpret_cast<std::uintptr_t>(info.dli_fbase) : 0,
                     found && info.dli_sname != nullptr ? info.dli_sname : "");
    }
    static void show(looker::sight const& s, shadow const& account)
    {
        std::fprintf(stderr, "captured %s:\n", s.by == looker::way::signal ? "by signal" : "while it slept");
        for (std::uintptr_t const a : s.shot.frames()) line(known_sites.has(a) ? "marked" : "", a);
        for (std::size_t i = account.depth; i > 0; --i) line("account", account.sites[i - 1] & ~foreign_bit);
    }

    unsigned long captures_{0}, exact_{0}, approximate_{0}, partial_{0}, beyond_{0};
    unsigned long right_{0}, right_flagged_{0}, wrong_flagged_{0};
    std::array<unsigned long, 2> by_{};
    std::array<unsigned long, 32> unanswered_{};
};

}  // namespace stress
