// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../capture/snapshot.hpp"
#include "frame_list.hpp"
#include "position.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The stacks that were named last: blocks repeat the same ones.
class named_stacks {
public:
    static constexpr std::size_t most = 64;

    /// All by which a stack's frames and its position are made.
    class key {
    public:
        /// `by_symbols`: by these alone.
        key(snapshot const& of, bool by_symbols) : of_{of}, by_symbols_{by_symbols}
        {
            for (std::uintptr_t const each : of.frames()) mix(each);
            mix(facts());
            mix(of.inner_frames);
            mix(of.loop_frames);
        }
        [[nodiscard]] std::uint64_t number() const { return number_; }

    private:
        friend class named_stacks;

        [[nodiscard]] std::uint64_t facts() const
        {
            bool const has_limit = of_.within != ~std::uintptr_t{0};
            return static_cast<std::uint64_t>(of_.where) << 4 | (of_.first_is_exact ? 1U : 0U) |
                   (of_.complete() ? 2U : 0U) | (has_limit ? 4U : 0U) | (by_symbols_ ? 8U : 0U);
        }
        void mix(std::uint64_t part) { number_ = (number_ ^ part) * 0x9e3779b97f4a7c15U ^ number_ >> 29; }

        snapshot const& of_;
        bool by_symbols_;
        std::uint64_t number_{0xcbf29ce484222325U};
    };

    struct named_stack {
        frame_list frames;
        position where{position::unknown};
    };

    /// Drops all if modules were loaded or unloaded since, or other code is library code.
    void follow(std::uint64_t modules, std::string_view library)
    {
        if (modules == modules_ && library == library_) return;
        forget();
        modules_ = modules;
        library_ = library;
    }

    void forget() noexcept { all_.clear(); }

    /// Null: it is not among them.
    [[nodiscard]] named_stack const* find(key const& k)
    {
        item* const known = first_of(all_, [&](item const& each) { return each.is(k); });
        if (known == nullptr) return nullptr;
        known->used = true;
        return &known->stack;
    }

    /// One that is not among them; in place of one that was not used for long. Throws: std::bad_alloc.
    named_stack const& add(key const& k, named_stack named)
    {
        item fresh;
        fresh.number = k.number();
        fresh.facts = k.facts();
        fresh.inner_frames = k.of_.inner_frames;
        fresh.loop_frames = k.of_.loop_frames;
        for (std::uintptr_t const each : k.of_.frames()) fresh.addresses.push_back(each);
        fresh.stack = std::move(named);
        if (all_.size() < most) return all_.push_back(std::move(fresh)).stack;
        while (all_[next_].used) {
            all_[next_].used = false;
            next_ = (next_ + 1) % most;
        }
        item& place = all_[next_];
        next_ = (next_ + 1) % most;
        place = std::move(fresh);
        return place.stack;
    }

    [[nodiscard]] std::size_t size() const { return all_.size(); }

private:
    struct item {
        [[nodiscard]] bool is(key const& k) const
        {
            if (number != k.number() || facts != k.facts()) return false;
            if (inner_frames != k.of_.inner_frames || loop_frames != k.of_.loop_frames) return false;
            view<std::uintptr_t const> const asked = k.of_.frames();
            if (addresses.size() != asked.size()) return false;
            for (std::size_t i = 0; i < asked.size(); ++i)
                if (addresses[i] != asked[i]) return false;
            return true;
        }

        std::uint64_t number{0};
        std::uint64_t facts{0};
        std::size_t inner_frames{0};
        std::size_t loop_frames{0};
        many<std::uintptr_t> addresses;
        named_stack stack;
        bool used{false};  // since the last one in its place was replaced
    };

    many<item> all_;
    std::size_t next_{0};
    std::uint64_t modules_{0};
    std::string library_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
