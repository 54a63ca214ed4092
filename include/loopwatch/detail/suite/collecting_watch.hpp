// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../options.hpp"
#include "../config.hpp"
#include "../loop.hpp"
#include "../watch_handle.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A watch that logs and raises nothing: its owner reads and reports the blocks.
class collecting_watch {
public:
    /// `how`: from effective().
    template <typename Loop>
    collecting_watch(Loop& loop, options const& how, std::uintptr_t guard_frame)
    {
        watch_.begin(loop, how, nullptr, guard_frame, audience::collected);
    }
    /// `of` null: sees nothing.
    collecting_watch(loop_ptr of, options const& how, std::uintptr_t guard_frame)
    {
        if (of) watch_.begin(std::move(of), how, nullptr, guard_frame, audience::collected);
    }
    collecting_watch(collecting_watch const&) = delete;
    collecting_watch& operator=(collecting_watch const&) = delete;
    ~collecting_watch() { end(); }

    void end()
    {
        if (!ended_ && watch_.alive()) watch_.end();
        ended_ = true;
    }

    [[nodiscard]] std::vector<block_report> blocks() const { return watch_.blocks(); }
    [[nodiscard]] std::vector<block_report> excused() const { return watch_.excused(); }
    [[nodiscard]] std::uint64_t dropped() const { return watch_.dropped(); }

    /// Whether it watches this context as a whole. False once the context is destroyed: a new one may have its address.
    [[nodiscard]] bool watches(void const* context) const { return watch_.watches(context); }

private:
    watch_handle watch_;
    bool ended_{false};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
