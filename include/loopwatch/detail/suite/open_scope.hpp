// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../options.hpp"
#include "../config.hpp"
#include "../executor_kind.hpp"
#include "../loop.hpp"
#include "findings.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The context that `target` is, or whose own executor it is; null for a strand and others.
template <typename Target>
void const* whole_context(Target& target)
{
    auto const executor = executor_of(target);
    using context_type = context_of_t<std::remove_const_t<decltype(executor)>>;
    if constexpr (asio_context<context_type>) {
        if (kind_of(executor) != executor_kind::context) return nullptr;
        asio_context_base<context_type>& base = context_of(executor);
        return &base;
    } else {
        return nullptr;
    }
}

class scope;  // a part of a test during which all known and added loops are watched

/// The scopes open in the process, the innermost last. Thread safety: any thread.
[[nodiscard]] LOOPWATCH_DECL std::vector<std::shared_ptr<scope>> open_scopes();

/// Lets a scope watch a loop. `whole`: from whole_context(); a context is not watched twice. `of`: null if
/// LOOPWATCH_OPTIONS turns watching off. False: the scope has ended. Throws: what a guard's constructor throws. Thread
/// safety: any thread.
LOOPWATCH_DECL bool add_to(scope& to, void const* whole, loop_ptr of, std::string_view name,
                           std::uintptr_t guard_frame);

template <typename Loop>
bool add_to(scope& to, Loop& loop, std::string_view name, std::uintptr_t guard_frame)
{
    return add_to(to, whole_context(loop), turned_off() ? loop_ptr{} : make_loop(loop), name, guard_frame);
}

/// A scope that ends with this object. What it saw is dropped unless end() is called.
class open_scope {
public:
    /// Throws: std::invalid_argument for bad options; what a guard's constructor throws.
    explicit open_scope(options const& how);
    open_scope(open_scope const&) = delete;
    open_scope& operator=(open_scope const&) = delete;
    ~open_scope();

    [[nodiscard]] scope& operator*() const { return *scope_; }
    [[nodiscard]] options how() const;
    [[nodiscard]] findings end();

    /// Ends it as well. The text of a test's failure: see failure_text().
    [[nodiscard]] std::string end_in_failure();

private:
    std::shared_ptr<scope> scope_;
    bool ended_{false};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
