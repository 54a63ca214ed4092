// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/grow_only_list.hpp"

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A distinct reason given to allow_blocking in this process. Never freed.
struct allowance_name {
    std::string text;
    allowance_name* next{nullptr};
    std::atomic<bool> excused{false};  // it has excused a block, or a part of one
};

/// All distinct reasons given in this process. Thread safety: any thread.
class allowance_names {
public:
    static constexpr std::size_t most = 1000;
    static constexpr std::string_view the_rest = "(one of more than 1000 reasons)";

    /// Finds or adds a reason. Cost: a search through the whole list, and an allocation if the text is new.
    static allowance_name& intern(std::string_view text)  // NOLINT(misc-no-recursion)
    {
        allowance_name* first = all().first();
        if (allowance_name* const known = find(text, first)) return *known;
        // Bounded, as texts made at run time, with file names in them, could fill the memory.
        if (count().fetch_add(1, std::memory_order_relaxed) >= most && text != the_rest) return intern(the_rest);
        auto* const fresh = new allowance_name{std::string{text}};
        while (!all().add_before(*fresh, first)) {
            // Another thread has added one first, perhaps this very text.
            if (allowance_name* const known = find(text, first)) {
                delete fresh;
                return *known;
            }
        }
        return *fresh;
    }

    /// The reasons that have excused nothing so far, sorted.
    static std::vector<std::string> unused()
    {
        std::vector<std::string> texts;
        for (auto const* n = all().first(); n != nullptr; n = n->next)
            if (!n->excused.load(std::memory_order_relaxed)) texts.push_back(n->text);
        sort_few(texts, [](std::string const& a, std::string const& b) { return a < b; });
        return texts;
    }

private:
    static allowance_name* find(std::string_view text, allowance_name* from)
    {
        while (from != nullptr && from->text != text) from = from->next;
        return from;
    }

    LOOPWATCH_SHARED static grow_only_list<allowance_name>& all()
    {
        static grow_only_list<allowance_name> one;
        return one;
    }
    LOOPWATCH_SHARED static std::atomic<std::size_t>& count()
    {
        static std::atomic<std::size_t> interned{0};
        return interned;
    }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
