// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../detail/algorithm.hpp"
#include "../../../detail/config.hpp"
#include "../../base/fixed.hpp"

#include <cstddef>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What is known of the places where a loop's threads wait. Pure; `Place` needs nothing but equality.
///
/// A place is proven by two things of a different kind. The stacks: the thread that waited there was in no handler. And
/// cause and effect: a heartbeat that was posted while it waited was run by that very thread at once, and so each time.
/// Neither is enough by itself: a stack can be taken wrongly, and a handler's own wait may end at the right time by
/// chance.
template <typename Place>
class known_places {
public:
    enum class standing { unknown, on_trial, proven, refused };
    static constexpr int answers_needed = 8;   // in a row
    static constexpr int refusals_needed = 3;  // of the stacks: one may be of a bad moment
    static constexpr int setbacks_allowed = 32;

    [[nodiscard]] standing of(Place const& place) const
    {
        entry const* const e = find(place);
        return e == nullptr ? standing::unknown : e->is;
    }
    [[nodiscard]] bool any_hope() const
    {
        return any_of(entries_, [](entry const& e) { return e.is == standing::proven || e.is == standing::on_trial; });
    }

    /// The stacks were compared.
    void judge(Place const& place, bool beside_handlers)
    {
        entry& e = find_or_make(place);
        if (e.is != standing::unknown) return;
        if (beside_handlers)
            e.is = standing::on_trial;
        else if (++e.setbacks == refusals_needed)
            e.is = standing::refused;
        if (e.is == standing::on_trial) e.setbacks = 0;
    }

    /// A thread that was seen waiting there has run the heartbeat that was posted then.
    void answered(Place const& place, bool at_once)
    {
        entry* const e = find(place);
        if (e == nullptr || e->is != standing::on_trial) return;
        if (at_once) {
            if (++e->answers == answers_needed) e->is = standing::proven;
        } else {
            // A busy machine, or a wait of somebody else's.
            e->answers = 0;
            if (++e->setbacks == setbacks_allowed) e->is = standing::refused;
        }
    }

private:
    struct entry {
        Place place{};
        bool used{false};
        standing is{standing::unknown};
        int answers{0};
        int setbacks{0};
    };

    [[nodiscard]] entry const* find(Place const& place) const
    {
        return first_of(entries_, [&](entry const& e) { return e.used && e.place == place; });
    }
    [[nodiscard]] entry* find(Place const& place)
    {
        return const_cast<entry*>(static_cast<known_places const*>(this)->find(place));
    }

    entry& find_or_make(Place const& place)
    {
        if (entry* const e = find(place)) return *e;
        // The oldest gives way, but a proven one only to make room among many.
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            entry& e = entries_[next_++ % entries_.size()];
            if (e.is == standing::proven && i + 1 < entries_.size()) continue;
            e = {place, true};
            return e;
        }
        return entries_[0];
    }

    fixed<entry, 8> entries_{};  // a condition variable has two words, a program may have some waits of its own
    std::size_t next_{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
