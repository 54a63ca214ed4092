// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../options.hpp"
#include "../calls_begin.hpp"
#include "../config.hpp"
#include "../loop.hpp"
#include "findings.hpp"
#include "registry.hpp"
#include "scope.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Watches all loops during a statement of a test, with the options of the test's watch, if there is one. What it sees
/// is answered for here, and not once more when the test ends.
///
/// Known loops are watched anew, so that also a block which is under way at the statement's end counts: inside a
/// handler there is no other. Loops that were added to the test's watch can't be: of these the blocks count that end
/// in the statement.
class statement {
public:
    statement() : around_{innermost()}, inner_{around_ ? around_->how() : options{}} {}

    /// And this loop as well.
    template <typename Loop>
        requires(!std::is_same_v<std::remove_cvref_t<Loop>, statement>)
    explicit statement(Loop&& also) : statement{}
    {
        std::uintptr_t made_at = LOOPWATCH_THIS_FRAME();
        if constexpr (has_executor<std::remove_cvref_t<Loop>>) made_at = calls_begin(&also, made_at);
        (*inner_).add(also, {}, made_at);
    }
    statement(statement const&) = delete;
    statement& operator=(statement const&) = delete;
    ~statement() = default;

    /// Ends the watch. True: there is nothing to fail for.
    [[nodiscard]] bool passed()
    {
        auto const asked_at = std::chrono::system_clock::now();
        options const how = inner_.how();
        findings found = inner_.end();
        if (found.loops == 0 && (!around_ || around_->loops() == 0)) {
            failure_ =
                "no loop was watched here, so none was seen to be blocked: make the io_context a "
                "loopwatch::watched_io_context, or call loopwatch::current_watch().add(it)";
            return false;
        }
        if (around_) {
            auto more = around_->ended_since(began_at_);
            around_->claim_all(more);
            std::ranges::move(more, std::back_inserter(found.blocks));
            put_in_order(found.blocks);
        }
        failure_ = failure_text(std::move(found), how);
        if (around_) around_->claim_time_since(asked_at);
        return failure_.empty();
    }

    [[nodiscard]] std::string const& failure() const { return failure_; }

private:
    static std::shared_ptr<scope> innermost()
    {
        auto const open = suite_registry::get().open();
        return open.empty() ? nullptr : open.back();
    }

    std::shared_ptr<scope> around_;
    std::chrono::system_clock::time_point began_at_{std::chrono::system_clock::now()};
    open_scope inner_;
    std::string failure_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
