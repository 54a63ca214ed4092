// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/owned.hpp"
#include "bookkeeping_mutex.hpp"
#include "grow_only_list.hpp"

#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The contents of files by name, each read once per process and never destroyed. A known file is found without a lock,
/// because a guard on a loop must not wait while the reporter writes a file.
template <typename File>
class files_by_name {
public:
    /// `make` is called with the name if it is new, under bookkeeping_mutex(). Throws what it throws.
    template <typename Make>
    File& get(std::string_view name, Make make)
    {
        if (File* const known = find(name)) return *known;
        std::lock_guard const hold{bookkeeping_mutex()};
        if (File* const known = find(name)) return *known;
        std::string own{name};
        auto file = make(own);
        auto fresh = make_owned<node>(std::move(own), std::move(file));
        all_.add(*fresh);
        return *fresh.release()->file;
    }

    /// Newest first.
    template <typename Visit>
    void for_each(Visit visit) const
    {
        for (node const* n = all_.first(); n != nullptr; n = n->next) visit(*n->file);
    }

private:
    struct node {
        node(std::string called, owned<File> what) : name{std::move(called)}, file{std::move(what)} {}

        std::string name;
        owned<File> file;
        node* next{nullptr};
    };

    File* find(std::string_view name) const
    {
        for (node* n = all_.first(); n != nullptr; n = n->next)
            if (n->name == name) return n->file.get();
        return nullptr;
    }

    grow_only_list<node> all_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
