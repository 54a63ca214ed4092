// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../../detail/owned.hpp"
#include "../analysis/code_path_number.hpp"
#include "../analysis/culprit.hpp"
#include "../base/by_number.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../report/report_outline.hpp"
#include "../report/report_text.hpp"
#include "code_path.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The code paths that blocks were seen on. Those that come when there are enough are one, "other".
class code_paths {
public:
    /// The code path of a block. Throws: std::bad_alloc.
    [[nodiscard]] code_path& of(block_report const& report, view<frame const> stack, std::size_t most)
    {
        std::uint64_t const number = code_path_of(report, stack);
        if (std::size_t const known = places_.find(number); known != number_index::none) return *all_[known];
        if (told_apart() >= most) return other(!report.excuse.empty());
        auto fresh = make_owned<code_path>(report.cause);
        if (frame const* const which = culprit_of(stack)) {
            fresh->culprit = name_of(*which);
            fresh->file = which->file;
        }
        fresh->excused = !report.excuse.empty();
        all_.reserve(all_.size() + 1);
        places_.add(number, all_.size());
        return *all_.push_back(std::move(fresh));
    }

    /// Those that somebody is to blame for, longest total first; at most `most`. Throws: std::bad_alloc.
    [[nodiscard]] many<code_path const*> ranked(std::size_t most) const
    {
        many<code_path const*> found;
        for (owned<code_path> const& each : all_)
            if (each->count > 0 && !each->excused) found.push_back(each.get());
        auto const longer = [](code_path const* a, code_path const* b) { return a->total > b->total; };
        std::size_t const kept = std::min(most, found.size());
        std::partial_sort(found.begin(), found.begin() + kept, found.end(), longer);
        found.resize(kept);
        return found;
    }

    /// How long all of these blocked.
    [[nodiscard]] nanoseconds total() const
    {
        nanoseconds sum{};
        for (owned<code_path> const& each : all_)
            if (!each->excused) sum += each->total;
        return sum;
    }

private:
    [[nodiscard]] std::size_t told_apart() const
    {
        return all_.size() - (other_ != nullptr ? 1 : 0) - (other_excused_ != nullptr ? 1 : 0);
    }

    /// What nobody is to blame for is in no ranking: so it is apart from the others.
    [[nodiscard]] code_path& other(bool excused)
    {
        code_path*& which = excused ? other_excused_ : other_;
        if (which == nullptr) {
            auto fresh = make_owned<code_path>(cause::unknown);
            fresh->culprit = "other";
            fresh->excused = excused;
            which = all_.push_back(std::move(fresh)).get();
        }
        return *which;
    }

    many<owned<code_path>> all_;
    number_index places_;  // in all_, by code_path_of()
    code_path* other_{nullptr};
    code_path* other_excused_{nullptr};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
