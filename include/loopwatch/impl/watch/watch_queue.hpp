// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"

#include <cstddef>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// When to look at a watch: at `at`, or earlier by up to `early` if the watchdog is awake anyhow.
struct look_time {
    time_point at{time_point::max()};
    nanoseconds early{0};
};

/// All watches, ordered by when each is to be looked at next. Each has in `queued_at` where it stands, so that to add,
/// to move and to remove one takes the logarithm of their number. Pure. Allocates in add() alone.
///
/// `Watch` has std::size_t queued_at, and void const* context() const, which never changes.
template <typename Watch>
class watch_queue {
public:
    [[nodiscard]] bool empty() const { return all_.empty(); }
    [[nodiscard]] std::size_t size() const { return all_.size(); }

    /// Throws: std::bad_alloc.
    void add(shared<Watch> one, look_time when)
    {
        void const* const context = one->context();
        one->queued_at = all_.size();
        all_.push_back({when, context, std::move(one)});
        rise(all_.size() - 1);
    }
    void remove(Watch& one)
    {
        std::size_t const at = one.queued_at;
        std::size_t const last = all_.size() - 1;
        if (at != last) put(at, std::move(all_[last]));
        all_.pop_back();
        if (at != last) settle(at);
    }
    void move(Watch& one, look_time to)
    {
        all_[one.queued_at].when = to;
        settle(one.queued_at);
    }
    /// Not later than at `at`.
    void hasten(Watch& one, time_point at)
    {
        if (all_[one.queued_at].when.at > at) move(one, {at});
    }

    /// The next to be looked at, if one is due at `now`; else null.
    [[nodiscard]] Watch* due(time_point now) const
    {
        if (empty()) return nullptr;
        entry const& first = all_[0];
        return first.when.at - first.when.early <= now ? first.of.get() : nullptr;
    }
    /// When the next is to be looked at.
    [[nodiscard]] time_point next() const { return empty() ? time_point::max() : all_[0].when.at; }

    /// One of this context, or null. Takes a nanosecond for each watch.
    [[nodiscard]] Watch* of(void const* context) const
    {
        for (entry const& each : all_)
            if (each.context == context) return each.of.get();
        return nullptr;
    }

    template <typename Do>
    void for_each(Do const& what) const
    {
        for (entry const& each : all_) what(*each.of);
    }

private:
    struct entry {
        look_time when;
        void const* context{nullptr};  // here, for a watch is large and far away
        shared<Watch> of;
    };

    void put(std::size_t at, entry one)
    {
        one.of->queued_at = at;
        all_[at] = std::move(one);
    }
    void settle(std::size_t at) { sink(rise(at)); }

    std::size_t rise(std::size_t at)
    {
        while (at > 0 && all_[at].when.at < all_[(at - 1) / 2].when.at) {
            exchange(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
        return at;
    }
    void sink(std::size_t at)
    {
        for (;;) {
            std::size_t least = at;
            for (std::size_t child = 2 * at + 1; child < all_.size() && child <= 2 * at + 2; ++child)
                if (all_[child].when.at < all_[least].when.at) least = child;
            if (least == at) return;
            exchange(at, least);
            at = least;
        }
    }
    void exchange(std::size_t a, std::size_t b)
    {
        entry one = std::move(all_[a]);
        put(a, std::move(all_[b]));
        put(b, std::move(one));
    }

    many<entry> all_;  // a heap
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
