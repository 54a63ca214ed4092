// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/by_number.hpp"
#include "../base/many.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Texts, each kept once and referred to by its number: a program blocks at few places, so the same names and lines are
/// in many reports.
class numbered_texts {
public:
    /// The text's number; it is added if it is new. Throws: std::bad_alloc.
    std::size_t operator()(std::string_view text)
    {
        auto const hash = static_cast<std::uint64_t>(std::hash<std::string_view>{}(text));
        std::size_t const known = places_.find(hash);
        if (known != number_index::none && texts_[known] == text) return known;
        texts_.push_back(std::string{text});
        // If another text has its hash, it is kept twice.
        if (known == number_index::none) places_.add(hash, texts_.size() - 1);
        return texts_.size() - 1;
    }

    [[nodiscard]] std::size_t size() const { return texts_.size(); }
    [[nodiscard]] std::string const& operator[](std::size_t number) const { return texts_[number]; }
    [[nodiscard]] std::string const* begin() const { return texts_.begin(); }
    [[nodiscard]] std::string const* end() const { return texts_.end(); }

private:
    many<std::string> texts_;
    number_index places_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
