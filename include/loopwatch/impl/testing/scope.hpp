// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../detail/kept_options.hpp"
#include "../../detail/loop.hpp"
#include "../../detail/suite/collecting_watch.hpp"
#include "../../detail/suite/findings.hpp"
#include "../../options.hpp"
#include "../base/wall_clock.hpp"
#include "../platform/thread.hpp"
#include "claims.hpp"
#include "registry.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A part of a test during which all known and added loops are watched, and their blocks collected. Scopes nest: every
/// open one watches, and the innermost that sees a block reports it.
///
/// Thread safety: add() on any thread; the rest on one thread at a time.
class scope : public std::enable_shared_from_this<scope> {
public:
    /// Throws: std::invalid_argument for bad options; what a guard's constructor throws.
    [[nodiscard]] static std::shared_ptr<scope> open(options const& how)
    {
        std::shared_ptr<scope> one{new scope{how}};
        std::exception_ptr failed;
        for (known_loop* const each : suite_registry::get().enter(one)) {
            try {
                if (!failed) each->join(each->context, *one);
            } catch (...) {
                failed = std::current_exception();
            }
            suite_registry::get().finish_join(*each);
        }
        if (failed) {
            static_cast<void>(one->end());
            std::rethrow_exception(failed);
        }
        return one;
    }
    scope(scope const&) = delete;
    scope& operator=(scope const&) = delete;
    ~scope() = default;

    [[nodiscard]] options how() const { return how_.get(); }

    /// Watches a loop, unless its context is watched already. False: the scope has ended.
    bool add(void const* context, loop_ptr l, std::string_view name, std::uintptr_t guard_frame)
    {
        watches const before = all();
        for (entry const& each : before)
            if (context != nullptr && each.watch->watches(context)) return true;

        options how = how_.get();
        if (!name.empty()) how.loop_name = name;
        entry fresh{std::make_shared<collecting_watch>(std::move(l), how, guard_frame), context};
        std::lock_guard const hold{suite_registry::get().mutex()};
        if (ended_) return false;
        // Another thread may have added it meanwhile.
        for (std::size_t i = before.size(); i < watches_.size(); ++i)
            if (context != nullptr && watches_[i].context == context) return true;
        watches_.push_back(std::move(fresh));
        return true;
    }

    /// How many loops it has watched until now.
    [[nodiscard]] std::size_t loops() const { return all().size(); }

    /// Blocks of all watched loops that ended after `when`, and are not claimed.
    [[nodiscard]] std::vector<block_report> ended_since(std::chrono::system_clock::time_point when) const
    {
        std::vector<block_report> blocks;
        for (entry const& each : all())
            for (block_report& b : each.watch->blocks())
                if (b.began_at + in_wall_ticks(b.duration) > when && !is_claimed(b, claimed_))
                    blocks.push_back(std::move(b));
        return blocks;
    }

    /// Marks blocks as reported elsewhere: this scope does not report them.
    void claim_all(std::vector<block_report> const& blocks)
    {
        for (block_report const& b : blocks) claimed_.push_back(claim::of(b));
    }

    /// Marks the time from `when` to now, on this thread, as spent in this library: no block. The first report of a
    /// process takes 100 ms, and a statement inside a handler waits for it on the loop.
    void claim_time_since(std::chrono::system_clock::time_point when)
    {
        claimed_.push_back({this_thread_number(), when, std::chrono::system_clock::now()});
    }

    /// Ends all watches, and returns what they saw. A block under way counts, up to now.
    [[nodiscard]] findings end()
    {
        auto const asked_at = std::chrono::system_clock::now();
        auto const enclosing = suite_registry::get().enclosing(*this);
        suite_registry::get().leave(*this);
        watches mine;
        {
            std::lock_guard const hold{suite_registry::get().mutex()};
            ended_ = true;
            mine.swap(watches_);
        }
        findings found;
        found.loops = mine.size();
        for (entry const& each : mine) {
            each.watch->end();
            for (block_report& b : each.watch->blocks())
                if (!is_claimed(b, claimed_)) found.blocks.push_back(std::move(b));
            for (block_report& excused : each.watch->excused()) found.excused.push_back(std::move(excused));
            found.dropped += each.watch->dropped();
        }
        put_in_order(found.blocks);
        if (enclosing) {
            enclosing->claim_all(found.blocks);
            enclosing->claim_time_since(asked_at);
            enclosing->claimed_.insert(enclosing->claimed_.end(), claimed_.begin(), claimed_.end());
        }
        return found;
    }

private:
    explicit scope(options const& how) : how_{effective(how)} {}

    struct entry {
        std::shared_ptr<collecting_watch> watch;
        void const* context;
    };
    using watches = std::vector<entry>;

    [[nodiscard]] watches all() const
    {
        std::lock_guard const hold{suite_registry::get().mutex()};
        return watches_;
    }

    kept_options const how_;
    std::vector<claim> claimed_;

    // --- under the registry's mutex ---
    watches watches_;
    bool ended_{false};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
