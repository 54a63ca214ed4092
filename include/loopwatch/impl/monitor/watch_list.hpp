// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "../base/many.hpp"
#include "monitored.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The watches of a monitor that have not ended, in the order in which they began. To be used under its mutex, but for
/// for_each().
class watch_list {
public:
    /// Throws: std::bad_alloc; then nothing has changed.
    void add(shared<monitored> const& one)
    {
        all_.push_back(one);
        one->number = ++begun_;
    }

    /// Returns whether it was still there.
    bool remove(monitored const& one)
    {
        std::size_t const before = all_.size();
        remove_if(all_, [&](shared<monitored> const& each) { return each.get() == &one; });
        return all_.size() < before;
    }

    [[nodiscard]] many<shared<monitored>> const& all() const { return all_; }

    /// Does it for all that had begun before, with the mutex free, and without memory, for there may be none.
    template <typename Do>
    void for_each(std::mutex& mutex, Do const& what) const
    {
        std::uint64_t done = 0;
        std::uint64_t last = 0;
        {
            std::lock_guard const hold{mutex};
            last = begun_;
        }
        while (done < last) {
            shared<monitored> next;
            {
                std::lock_guard const hold{mutex};
                auto const* const found =
                    first_of(all_, [&](shared<monitored> const& each) { return each->number > done; });
                if (found == nullptr) return;
                next = *found;
            }
            done = next->number;
            if (done <= last) what(*next);
        }
    }

private:
    many<shared<monitored>> all_;
    std::uint64_t begun_{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
