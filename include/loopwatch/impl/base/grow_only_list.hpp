// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "atomic_pointer.hpp"

#include <atomic>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A lock-free list of nodes with a member `next`, which grows at its head and never shrinks. It has no mutex, which a
/// fork could leave locked in the child, and no destructor, so that destructors of statics can use it. All functions
/// may be called from any thread.
template <typename Node>
class grow_only_list {
public:
    /// The newest node; null if there is none.
    [[nodiscard]] Node* first() const { return first_.load(std::memory_order_acquire); }

    void add(Node& fresh)
    {
        Node* seen = first();
        while (!add_before(fresh, seen));
    }

    /// Adds the node if `seen` is still the first one. Otherwise sets `seen` to the first one and returns false.
    [[nodiscard]] bool add_before(Node& fresh, Node*& seen)
    {
        fresh.next = seen;
        return first_.compare_exchange_weak(seen, &fresh, std::memory_order_acq_rel);
    }

private:
    atomic_pointer<Node> first_{};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
