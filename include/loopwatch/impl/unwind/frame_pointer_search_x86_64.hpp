// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/fixed.hpp"
#include "call_site.hpp"
#include "cfi_entry.hpp"
#include "cfi_lookup.hpp"
#include "cfi_row.hpp"
#include "frame_size_x86_64.hpp"
#include "frame_step.hpp"
#include "machine_code.hpp"
#include "module_table_linux.hpp"
#include "registers.hpp"
#include "stack_view.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

// x86-64: finds the frame pointer of a frame whose CFA is relative to rbp, when only pc and sp are known, as of a
// thread that sleeps in the kernel. Candidates come from the size of the frame (frame_size_x86_64.hpp), else from the
// words of the stack. Each is scored by how plausible the caller is that it leads to.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

struct found_frame_pointer {
    std::uint64_t value{0};
    bool certain{false};
};

class frame_pointer_search {
public:
    /// For the frame for which `stepper` has just returned needs_frame_pointer. The caller sets the stepper's frame
    /// anew after run().
    frame_pointer_search(frame_stepper& stepper, frame_position const& at)
        : stepper_{&stepper}, at_{&at}, entry_{stepper.entry()}, row_{stepper.row()}
    {
    }

    [[nodiscard]] maybe<found_frame_pointer> run()
    {
        auto const size = frame_size_reader{stepper_->memory(), entry_}.at(at_->values.pc());
        std::uintptr_t const sp = at_->values.sp();
        std::uintptr_t const from = sp + static_cast<std::uint64_t>(size ? size->size : 0);
        if (size && !size->dynamic)
            for (std::int64_t d = 0; d <= size->slack; d += 8) consider(from + static_cast<std::uint64_t>(d), true);
        // The true one is always among these. If alignment leaves slack, there may be several: the padding may look
        // like a frame too, and any choice is a guess.
        sized_ = size_;
        if (sized_ == 1 && best_[0].score >= by_size + fits_indirect) return found_frame_pointer{best_[0].value, true};

        // A dynamic frame is at least as large as its static part. If it is not dynamic, the size was misread.
        if (stepper_->stack().copied(sp))
            for (std::uintptr_t a = ((size && size->dynamic ? from : sp) + 7) & ~std::uintptr_t{7};
                 a + 8 <= stepper_->stack().copy().end(); a += 8)
                consider(a, false);
        return choose();
    }

private:
    static constexpr int by_size = 16;
    static constexpr int fits_exactly = 8;
    static constexpr int fits_indirect = 4;
    static constexpr int fits_elsewhere = 1;
    static constexpr int misaligned = -3;  // the ABI requires 16 bytes; hand-written callers may not keep to it
    static constexpr int complete = 6;     // the walk reaches the thread's first function: rare with a wrong one
    static constexpr int broken = -4;      // some return address has no call before it

    struct candidate {
        std::uint64_t value;
        int score;

        [[nodiscard]] bool better_than(candidate const& other) const
        {
            return score != other.score ? score > other.score : value < other.value;  // the nearer one
        }
    };

    void consider(std::uint64_t value, bool has_size)
    {
        frame_position caller = *at_;
        caller.values.set(machine::frame_pointer, value);
        stepper_->set_frame(entry_, row_);
        cfi_value const cfa = stepper_->rules(caller.values).cfa();
        if (!cfa.known() || (cfa.value & 7) != 0 || cfa.value < at_->values.sp() + 8) return;
        if (stepper_->step_by_row(caller) != frame_stepper::outcome::caller) return;
        std::uintptr_t const pc = caller.values.pc();
        loaded_module module;
        cfi_entry entry;
        // First, because most words of a stack are no code addresses, and this finds out without a system call.
        if (!find_module(pc, module)) return;
        call_site call = call_site_before(stepper_->memory(), pc, entry_.begin);
        if (call == call_site::none && is_signal_return(pc)) call = call_site::indirect;
        if (call == call_site::none || find_entry(stepper_->memory(), pc - 1, entry) != cfi_found::yes) return;

        candidate c{value, has_size ? by_size : 0};
        c.score += call == call_site::exact      ? fits_exactly
                   : call == call_site::indirect ? fits_indirect
                                                 : fits_elsewhere;
        if ((cfa.value & 15) != 0) c.score += misaligned;
        // The caller's rbp is not scored: only some functions keep a frame pointer in it. If the caller does, a wrong
        // one makes score_of_walk() fail.
        keep(c);
    }

    void keep(candidate const& c)
    {
        auto const same = [&](candidate const& b) { return b.value == c.value; };
        if (std::any_of(best_.begin(), best_.begin() + static_cast<std::ptrdiff_t>(size_), same)) return;
        if (size_ == best_.size() && !c.better_than(best_[best_.size() - 1])) return;
        std::size_t at = size_ < best_.size() ? size_++ : size_ - 1;
        for (; at > 0 && c.better_than(best_[at - 1]); --at) best_[at] = best_[at - 1];
        best_[at] = c;
    }

    /// Adds the score of a walk to each candidate that could still become the best.
    maybe<found_frame_pointer> choose()
    {
        maybe<candidate> winner;
        bool had_size = false;
        for (std::size_t i = 0; i < size_ && i < max_walks; ++i) {
            candidate const c = best_[i];
            if (winner && c.score + complete < winner->score) break;
            int const total = c.score + score_of_walk(c.value);
            if (winner && total == winner->score) {  // ambiguous: the nearer one is kept, as a guess
                had_size = false;
                break;
            }
            if (!winner || total > winner->score) {
                winner = candidate{c.value, total};
                had_size = c.score >= by_size + misaligned;
            }
        }
        if (!winner) return nothing;
        return found_frame_pointer{winner->value, had_size && sized_ == 1};
    }

    int score_of_walk(std::uint64_t value)
    {
        frame_position at = *at_;
        at.values.set(machine::frame_pointer, value);
        int score = 0;
        frame_note note;
        stepper_->set_frame(entry_, row_);
        auto outcome = stepper_->step_by_row(at);
        for (unsigned i = 0; i < max_steps && outcome == frame_stepper::outcome::caller; ++i) {
            std::uintptr_t const callee = stepper_->entry().begin;
            if (!at.interrupted && score == 0 && !stepper_->entry().is_signal_frame &&
                call_site_before(stepper_->memory(), at.values.pc(), callee) == call_site::none &&
                !is_signal_return(at.values.pc()))
                score = broken;
            outcome = stepper_->step(at, note);
        }
        bool const reached_end = outcome == frame_stepper::outcome::stopped && stepper_->end() == unwind_end::outermost;
        return score + (reached_end ? complete : 0);
    }

    bool is_signal_return(std::uintptr_t pc)
    {
        cfi_entry entry;
        return returns_from_signal(stepper_->memory(), pc) ||
               (find_entry(stepper_->memory(), pc - 1, entry) == cfi_found::yes && entry.is_signal_frame);
    }

    static constexpr std::size_t max_walks = 48;
    static constexpr unsigned max_steps = 1024;

    frame_stepper* stepper_;
    frame_position const* at_;
    cfi_entry entry_;
    cfi_row row_;
    fixed<candidate, 64> best_{};  // best first
    std::size_t size_{0};
    std::size_t sized_{0};  // how many candidates the size of the frame gave
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
