// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/owned.hpp"
#include "many.hpp"

#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A hash table from numbers (addresses, offsets) to indices. Open addressing, at most half full; no removal.
class number_index {
public:
    static constexpr std::size_t none = ~std::size_t{0};

    /// The index that was added for this number, or none.
    [[nodiscard]] std::size_t find(std::uint64_t number) const noexcept
    {
        if (slots_.empty()) return none;
        for (std::size_t i = place_of(number);; i = (i + 1) & (slots_.size() - 1)) {
            slot const& s = slots_[i];
            if (s.index == none || s.number == number) return s.index;
        }
    }

    /// The number must not be in it yet. Throws: std::bad_alloc; the table is then unchanged.
    void add(std::uint64_t number, std::size_t index)
    {
        if (2 * (size_ + 1) > slots_.size()) grow();
        put({number, index});
        ++size_;
    }

    void clear() noexcept
    {
        slots_.clear();
        size_ = 0;
    }

private:
    struct slot {
        std::uint64_t number{0};
        std::size_t index{none};
    };

    /// Multiplies by 2^64 / golden ratio: evenly spaced addresses then differ in their upper bits.
    [[nodiscard]] std::size_t place_of(std::uint64_t number) const noexcept
    {
        return static_cast<std::size_t>((number * 0x9e3779b97f4a7c15U) >> 32) & (slots_.size() - 1);
    }
    void put(slot const& s) noexcept
    {
        std::size_t i = place_of(s.number);
        while (slots_[i].index != none) i = (i + 1) & (slots_.size() - 1);
        slots_[i] = s;
    }
    void grow()
    {
        many<slot> wider;
        wider.resize(slots_.empty() ? 16 : 2 * slots_.size());
        wider.swap(slots_);
        for (slot const& s : wider)
            if (s.index != none) put(s);
    }

    many<slot> slots_;
    std::size_t size_{0};
};

/// A map from numbers to values. std::unordered_map compiles to a hundred functions per type; this to two. Values are
/// never moved in memory.
template <typename Value>
class by_number {
public:
    /// The value, or null.
    [[nodiscard]] LOOPWATCH_INLINED Value* find(std::uint64_t number) const noexcept
    {
        std::size_t const at = index_.find(number);
        return at == number_index::none ? nullptr : values_[at].get();
    }

    /// The number must not be in it yet. Throws: std::bad_alloc.
    LOOPWATCH_INLINED Value& add(std::uint64_t number, Value value = {})
    {
        values_.push_back(make_owned<Value>(static_cast<Value&&>(value)));
        try {
            index_.add(number, values_.size() - 1);
        } catch (...) {
            values_.pop_back();
            throw;
        }
        return *values_.back();
    }

    /// The value, which is added if there is none.
    LOOPWATCH_INLINED Value& operator[](std::uint64_t number)
    {
        Value* const known = find(number);
        return known != nullptr ? *known : add(number);
    }

    LOOPWATCH_INLINED void clear() noexcept
    {
        index_.clear();
        values_.clear();
    }

private:
    number_index index_;
    many<owned<Value>> values_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
