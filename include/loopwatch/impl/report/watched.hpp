// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "../../options.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../policy/policy.hpp"
#include "../symbolize/library_code.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Who hears of a loop's blocks.
struct listener {
    sink to;
    bool hears_of_progress;  ///< also what is said while a block lasts
};

/// What is made of a loop's blocks, and for whom. Never changed while it is watched.
struct watch_settings {
    nanoseconds threshold{};
    on_block action{};
    cause_set raise_on{};
    bool all_frames{false};
    bool on_strand{false};
    bool is_context{false};
    void const* context{nullptr};  // that the loop lives in, or null
    std::string name{};
    policy known{};  // the blocks that it bears
    library_code others_code{""};
    many<listener> listeners{};  // each hears of it after the one before
    sink excused_to{};           // null: nobody hears of blocks that nobody is blamed for
};

/// What was made of them. Under the reporter's mutex.
struct report_log {
    std::size_t pending{0};             // blocks handed over and not yet reported
    std::vector<block_report> reports;  // those that have ended
    std::vector<block_report> excused;  // those that nobody is blamed for
    std::uint64_t dropped{0};           // those that could not be kept
    std::uint64_t last_number{0};
    bool in_progress{false};  // something was said of the block last numbered, which had not ended
    bool was_left{false};     // the loop was once seen with nobody running it
};

/// A watched loop as the reporter knows it.
struct watched : counted {
    explicit watched(watch_settings settings) : how{std::move(settings)} {}
    watched(watched const&) = delete;
    watched& operator=(watched const&) = delete;
    virtual ~watched() = default;

    watch_settings const how;
    report_log log;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
