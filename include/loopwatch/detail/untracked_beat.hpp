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

/// A heartbeat as an operation of its own. Handed to the scheduler itself, it passes by Asio's handler tracking: a
/// trace is of the user's handlers alone.
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

    // By this name a stack tells that a scheduler has called a handler. No owner: the context is being destroyed.
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
