// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../algorithm.hpp"
#include "../atomic_pointer.hpp"
#include "../config.hpp"

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The reason of an allowance, one per distinct text in the process, and never freed.
struct allowance_name {
    std::string text;
    allowance_name* next{nullptr};
    std::atomic<bool> excused{false};  // a block, or a part of one
};

/// All reasons that were ever given. A list that only grows, at its head: no mutex, so that a fork can't leave one
/// locked in the child, and no destructor, so that it is there for the last static. Any thread may call any of it.
class allowance_names {
public:
    static constexpr std::size_t most = 1000;
    static constexpr std::string_view the_rest = "(one of more than 1000 reasons)";

    /// A search through the whole list, and an allocation where the text is new.
    static allowance_name& intern(std::string_view text)  // NOLINT(misc-no-recursion)
    {
        allowance_name* first = head().load(std::memory_order_acquire);
        if (allowance_name* const known = find(text, first)) return *known;
        // A text made at run time, with a file's name in it, must not fill the memory.
        if (count().fetch_add(1, std::memory_order_relaxed) >= most && text != the_rest) return intern(the_rest);
        auto* const fresh = new allowance_name{std::string{text}};
        for (;;) {
            fresh->next = first;
            if (head().compare_exchange_weak(first, fresh, std::memory_order_acq_rel)) return *fresh;
            // Another thread was first: with this very text, perhaps.
            if (allowance_name* const known = find(text, first)) {
                delete fresh;
                return *known;
            }
        }
    }

    /// Sorted.
    static std::vector<std::string> unused()
    {
        std::vector<std::string> texts;
        for (auto const* n = head().load(std::memory_order_acquire); n != nullptr; n = n->next)
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

    LOOPWATCH_SHARED static atomic_pointer<allowance_name>& head()
    {
        static atomic_pointer<allowance_name> first{};
        return first;
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
