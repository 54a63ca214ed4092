// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "signature.hpp"

#include <cstddef>
#include <initializer_list>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

struct known_block {
    block_signature which;
    nanoseconds longest{};

    friend bool operator==(known_block const&, known_block const&) = default;
};

/// The blocks of a baseline, each with its longest own duration. Sorted as in the file.
class known_blocks {
public:
    known_blocks() = default;
    known_blocks(std::initializer_list<known_block> all)
    {
        for (known_block const& b : all) note(b.which, b.longest);
    }

    [[nodiscard]] known_block const* begin() const { return all_.begin(); }
    [[nodiscard]] known_block const* end() const { return all_.end(); }
    [[nodiscard]] bool empty() const { return all_.empty(); }

    /// Null if it is not in the baseline.
    [[nodiscard]] known_block const* find(block_signature const& which) const
    {
        std::size_t const at = place_of(which);
        return at < all_.size() && all_[at].which == which ? &all_[at] : nullptr;
    }

    /// Adds a block, or lengthens it. Returns false if it is there already, and as long or longer.
    bool note(block_signature const& which, nanoseconds longest)
    {
        std::size_t const at = place_of(which);
        if (at < all_.size() && all_[at].which == which) {
            if (longest <= all_[at].longest) return false;
            all_[at].longest = longest;
            return true;
        }
        all_.push_back({which, longest});
        for (std::size_t i = all_.size() - 1; i > at; --i) std::swap(all_[i], all_[i - 1]);
        return true;
    }

    friend bool operator==(known_blocks const&, known_blocks const&) = default;

private:
    /// The index of the first that does not precede `which`.
    [[nodiscard]] std::size_t place_of(block_signature const& which) const
    {
        std::size_t from = 0;
        for (std::size_t to = all_.size(); from < to;) {
            std::size_t const middle = from + (to - from) / 2;
            if (precedes(all_[middle].which, which))
                from = middle + 1;
            else
                to = middle;
        }
        return from;
    }

    many<known_block> all_;  // sorted
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
