// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "atomic_pointer.hpp"

#include <atomic>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A list of nodes with a member `next`, that grows at its head and never shrinks: no mutex, so that a fork can't leave
/// one locked in the child, and no destructor, so that it is there for the last static. Any thread may call any of it.
template <typename Node>
class grow_only_list {
public:
    /// The last one that was added; null: none was.
    [[nodiscard]] Node* first() const { return first_.load(std::memory_order_acquire); }

    void add(Node& fresh)
    {
        Node* seen = first();
        while (!add_before(fresh, seen));
    }

    /// Only if `seen` is still the first. Else that is it from now on.
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
