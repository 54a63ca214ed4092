// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../options.hpp"
#include "../calls_begin.hpp"
#include "../config.hpp"
#include "../loop.hpp"
#include "open_scope.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Watches all loops during a statement of a test, with the options of the test's watch, if there is one. Blocks
/// reported here are not reported again when the test ends.
///
/// Known loops get a new watch, so that a block still under way at the statement's end counts: inside a handler there
/// is no other. Loops added to the test's watch get none: of these, blocks count that end during the statement.
class statement {
public:
    statement();

    /// Also watches this loop.
    template <typename Loop>
        requires(!std::is_same_v<std::remove_cvref_t<Loop>, statement>)
    explicit statement(Loop&& also) : statement{}
    {
        std::uintptr_t guard_frame = LOOPWATCH_THIS_FRAME();
        if constexpr (has_executor<std::remove_cvref_t<Loop>>) guard_frame = calls_begin(&also, guard_frame);
        add_to(*inner_, also, {}, guard_frame);
    }
    statement(statement const&) = delete;
    statement& operator=(statement const&) = delete;
    ~statement() = default;

    /// Ends the watch. Returns false, and sets failure(), if a loop was blocked, or none was watched.
    [[nodiscard]] bool passed();

    [[nodiscard]] std::string const& failure() const { return failure_; }

private:
    std::shared_ptr<scope> around_;
    std::chrono::system_clock::time_point began_at_{std::chrono::system_clock::now()};
    open_scope inner_;
    std::string failure_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
