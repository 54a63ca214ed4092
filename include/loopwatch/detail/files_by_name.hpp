// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "atomic_pointer.hpp"
#include "books.hpp"
#include "config.hpp"
#include "owned.hpp"

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What was read of files, each once per process, and never destroyed. One that is known is found without a lock: a
/// guard on a loop must not wait for a file that the reporter is just writing.
template <typename File>
class files_by_name {
public:
    /// `make` is called with the name if it is new, under the books' mutex. Throws what it throws.
    template <typename Make>
    File& get(std::string_view name, Make make)
    {
        if (File* const known = find(name)) return *known;
        std::lock_guard const hold{books_mutex()};
        if (File* const known = find(name)) return *known;
        std::string own{name};
        auto file = make(own);
        auto fresh = make_owned<node>(std::move(own), std::move(file), first_.load(std::memory_order_relaxed));
        first_.store(fresh.get(), std::memory_order_release);
        return *fresh.release()->file;
    }

    /// The last one first.
    template <typename Visit>
    void for_each(Visit visit) const
    {
        for (node const* n = first_.load(std::memory_order_acquire); n != nullptr; n = n->next) visit(*n->file);
    }

private:
    struct node {
        node(std::string called, owned<File> what, node* before)
            : name{std::move(called)}, file{std::move(what)}, next{before}
        {
        }
        std::string name;
        owned<File> file;
        node* next;
    };

    File* find(std::string_view name) const
    {
        for (node* n = first_.load(std::memory_order_acquire); n != nullptr; n = n->next)
            if (n->name == name) return n->file.get();
        return nullptr;
    }

    atomic_pointer<node> first_{};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
