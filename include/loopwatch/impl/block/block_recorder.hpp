// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "../base/clock.hpp"
#include "../base/view.hpp"
#include "../capture/look.hpp"
#include "../evidence/reading.hpp"
#include "../exact/handler_facts.hpp"
#include "block_facts.hpp"
#include "raw_block.hpp"

#include <cstddef>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A block under way, as the watchdog knows it. Refers to what the watchdog has.
struct block_under_way {
    void const* whose{nullptr};  // of one block after the other
    std::string_view loop;
    bool on_strand{false};
    bool knows_runners{false};
    bool all_threads{false};
    strand_hold hold{strand_hold::untold};
    nanoseconds threshold{};
    time_point sent_at{};
    duration_bounds length;  // so far
    time_point now{};
    view<loop_thread const> known;         // the loop's threads, when the heartbeat was sent
    view<thread_counters const> baseline;  // of these, since then; or empty
    process_counters at_send;
    process_reading const* before{nullptr};
    process_reading const* at_deadline{nullptr};
    sighting const* first{nullptr};
    bool first_taken{false};   // else some of its stacks are still to come
    view<moment const> later;  // samples that were taken since
    std::string_view holder_name;
    handler_facts const* handler{nullptr};  // that holds the loop, in exact mode; null: it is not known
};

/// Records blocks where they outlive the process: a black box. It must outlive the watches that tell it.
class block_recorder : public counted {
public:
    static constexpr std::size_t none = ~std::size_t{0};

    block_recorder(block_recorder const&) = delete;
    block_recorder& operator=(block_recorder const&) = delete;
    virtual ~block_recorder() = default;

    // --- under the watchdog's mutex: some microseconds; no allocation, no lock, and no wait ---

    /// What is known of a block, as soon as it is, and each time that more is. `place`: what this returned for this
    /// block before, or `none`.
    [[nodiscard]] virtual std::size_t record(std::size_t place, block_under_way const& block) noexcept = 0;

    /// It still lasts.
    virtual void record_length(std::size_t place, nanoseconds at_least, time_point now) noexcept = 0;

    /// It is over, and is to be reported, then settled(); or there is nothing to report.
    virtual void record_end(std::size_t place, bool to_be_reported, time_point now) noexcept = 0;

    // --- on the reporter's thread ---

    virtual void record(void const* whose, block_report const& report) noexcept = 0;

    /// All that is to be reported of the block whose heartbeat was sent then has been.
    virtual void settled(void const* whose, time_point sent_at) noexcept = 0;

    // --- on any thread but the watchdog's ---

    /// Where code lies by now, if that has changed.
    virtual void record_modules() noexcept = 0;

protected:
    block_recorder() = default;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
