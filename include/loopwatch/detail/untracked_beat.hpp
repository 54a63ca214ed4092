// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "config.hpp"
#include "heartbeat.hpp"

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A heartbeat that is given to the scheduler directly, as an operation. So Asio's handler tracking does not see it,
/// and traces only the user's handlers.
template <typename Names>
class untracked_beat final : public Names::operation {
public:
    using beat = heartbeat<typename Names::operation>;

    /// Throws: std::bad_alloc.
    static void post(typename Names::scheduler& to, pulse_ref p)
    {
        heartbeat_allocator<untracked_beat> memory{p};
        void* const at = memory.allocate(1);
        to.post_immediate_completion(new (at) untracked_beat{std::move(p)}, false);
    }

private:
    explicit untracked_beat(pulse_ref p) : Names::operation{&untracked_beat::do_complete}, beat_{std::move(p)} {}
    ~untracked_beat() = default;

    // The name matters: on a stack a frame of this name marks a handler's call by a scheduler. `owner` is null if the
    // context is being destroyed, and then the heartbeat must not run.
    static void do_complete(void* owner, typename Names::operation* base, typename Names::error_code const&,
                            std::size_t)
    {
        auto* const self = static_cast<untracked_beat*>(base);
        heartbeat_allocator<untracked_beat> memory{self->beat_.get_allocator()};
        beat b{std::move(self->beat_)};
        self->~untracked_beat();
        memory.deallocate(self, 1);
        if (owner != nullptr) b();
    }

    beat beat_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
