// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/by_number.hpp"
#include "../base/many.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <dwarf.h>
#include <elfutils/libdw.h>

// Debug information is a tree, and walked recursively.
// NOLINTBEGIN(misc-no-recursion)

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// An index of one compilation unit's entries, by address and by offset. libdw walks a unit from its beginning for each
/// query, 1 ms in a large one; the index walks it once, and each namespace when it is first asked for.
class dwarf_unit {
public:
    explicit dwarf_unit(Dwarf_Die const& unit) : unit_{unit} {}

    /// The function that has the instruction at `code`.
    maybe<Dwarf_Die> function_at(Dwarf_Addr code)
    {
        read_functions();
        function const* const around = last_not_above(functions_, code, [](function const& f) { return f.from; });
        if (around != nullptr && code < around->to) return at(around->entry);
        return found_by_libdw(code);
    }

    /// The function itself, then the functions inlined at `code`, outermost first.
    static many<Dwarf_Die> inlined_at(Dwarf_Die const& function, Dwarf_Addr code)
    {
        many<Dwarf_Die> chain{function};
        Dwarf_Die scope = function;
        Dwarf_Die child{};
        for (bool more = ::dwarf_child(&scope, &child) == 0; more;) {
            int const tag = ::dwarf_tag(&child);
            bool const has_code = tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block;
            if (has_code && ::dwarf_haspc(&child, code) > 0) {
                if (tag == DW_TAG_inlined_subroutine) chain.push_back(child);
                scope = child;
                more = ::dwarf_child(&scope, &child) == 0;
            } else {
                more = ::dwarf_siblingof(&child, &child) == 0;
            }
        }
        return chain;
    }

    /// The entries around this one, outermost first, without the unit and the entry itself.
    many<Dwarf_Die> scopes_of(Dwarf_Die entry)
    {
        many<Dwarf_Die> scopes;
        Dwarf_Off const wanted = ::dwarf_dieoffset(&entry);
        Dwarf_Die scope = unit_;
        for (;;) {
            // The offsets of an entry's children are between its own and the next sibling's.
            auto child = child_around(scope, wanted);
            if (!child) return {};
            if (::dwarf_dieoffset(&*child) == wanted) return scopes;
            scope = *child;
            scopes.push_back(scope);
        }
    }

    /// False with -g1, where functions are described without parameters. A type that nothing refers to may be there
    /// even so: gcc leaves a bool behind.
    bool has_types()
    {
        static_cast<void>(children_of(unit_));
        if (!has_types_ && has_base_type_) has_types_ = uses_types_in(unit_);
        has_base_type_ = false;  // looked for once
        return has_types_;
    }

    [[nodiscard]] bool is_cplusplus()
    {
        switch (::dwarf_srclang(&unit_)) {
            case -1:  // no language: a partial unit that several units share
            case DW_LANG_C_plus_plus:
            case DW_LANG_C_plus_plus_03:
            case DW_LANG_C_plus_plus_11:
            case DW_LANG_C_plus_plus_14: return true;  // compilers write this for later standards, too
            default: return false;
        }
    }

    /// The functions that have code; one with several ranges is there several times.
    many<Dwarf_Die> functions()
    {
        read_functions();
        many<Dwarf_Die> all;
        for (function const& f : functions_)
            if (auto const die = at(f.entry)) all.push_back(*die);
        return all;
    }

    /// The last line of `file` that the function has code for; 0 if none.
    int last_line(Dwarf_Die of, std::string_view file)
    {
        Dwarf_Lines* lines = nullptr;
        std::size_t count = 0;
        int last = 0;
        if (::dwarf_getsrclines(&unit_, &lines, &count) != 0) return last;
        for (std::size_t i = 0; i < count; ++i) {
            Dwarf_Line* const line = ::dwarf_onesrcline(lines, i);
            Dwarf_Addr address = 0;
            int number = 0;
            if (::dwarf_lineno(line, &number) != 0 || number <= last) continue;
            if (::dwarf_lineaddr(line, &address) != 0 || ::dwarf_haspc(&of, address) <= 0) continue;
            char const* const its_file = ::dwarf_linesrc(line, nullptr, nullptr);
            if (its_file != nullptr && its_file == file) last = number;
        }
        return last;
    }

private:
    struct function {
        Dwarf_Addr from, to;
        Dwarf_Off entry;
    };

    [[nodiscard]] maybe<Dwarf_Die> at(Dwarf_Off entry) const
    {
        Dwarf_Die die{};
        if (::dwarf_offdie(::dwarf_cu_getdwarf(unit_.cu), entry, &die) == nullptr) return {};
        return die;
    }

    void read_functions()
    {
        if (functions_read_) return;
        functions_read_ = true;
        collect_functions(unit_);
        std::qsort(functions_.data(), functions_.size(), sizeof(function), [](void const* a, void const* b) {
            Dwarf_Addr const left = static_cast<function const*>(a)->from;
            Dwarf_Addr const right = static_cast<function const*>(b)->from;
            return left < right ? -1 : left > right ? 1 : 0;
        });
    }

    static bool is_wide(int tag) { return tag == DW_TAG_compile_unit || tag == DW_TAG_namespace; }

    maybe<Dwarf_Die> child_around(Dwarf_Die& scope, Dwarf_Off wanted)
    {
        if (is_wide(::dwarf_tag(&scope))) {
            auto const& all = children_of(scope);
            Dwarf_Off const* const around = last_not_above(all, wanted, [](Dwarf_Off offset) { return offset; });
            return around != nullptr ? at(*around) : nothing;
        }
        Dwarf_Die child{};
        maybe<Dwarf_Die> last;
        for (bool more = ::dwarf_child(&scope, &child) == 0; more && ::dwarf_dieoffset(&child) <= wanted;
             more = ::dwarf_siblingof(&child, &child) == 0)
            last = child;
        return last;
    }

    many<Dwarf_Off> const& children_of(Dwarf_Die& scope)
    {
        Dwarf_Off const place = ::dwarf_dieoffset(&scope);
        if (auto const* const known = children_.find(place)) return *known;
        many<Dwarf_Off>& all = children_.add(place);
        read_children(scope, all, [](Dwarf_Die&, int) {});
        return all;
    }

    template <typename F>
    void read_children(Dwarf_Die& scope, many<Dwarf_Off>& all, F f)
    {
        Dwarf_Die child{};
        for (bool more = ::dwarf_child(&scope, &child) == 0; more; more = ::dwarf_siblingof(&child, &child) == 0) {
            all.push_back(::dwarf_dieoffset(&child));
            int const tag = ::dwarf_tag(&child);
            has_types_ = has_types_ || tag == DW_TAG_imported_unit;
            has_base_type_ = has_base_type_ || tag == DW_TAG_base_type;
            f(child, tag);
        }
    }

    bool uses_types_in(Dwarf_Die& scope)
    {
        many<Dwarf_Off> const entries = children_of(scope);  // a copy: those of others are added meanwhile
        for (Dwarf_Off const entry : entries)
            if (uses_types(entry)) return true;
        return false;
    }

    bool uses_types(Dwarf_Off entry)
    {
        auto die = at(entry);
        Dwarf_Die parameter{};
        if (!die) return false;
        int const tag = ::dwarf_tag(&*die);
        if (tag == DW_TAG_namespace) return uses_types_in(*die);
        return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || ::dwarf_hasattr(&*die, DW_AT_type) != 0 ||
               (tag == DW_TAG_subprogram && ::dwarf_child(&*die, &parameter) == 0 &&
                ::dwarf_tag(&parameter) == DW_TAG_formal_parameter);
    }

    void collect_functions(Dwarf_Die& scope)
    {
        many<Dwarf_Off> all;
        read_children(scope, all, [this](Dwarf_Die& child, int tag) {
            if (tag == DW_TAG_namespace) collect_functions(child);
            if (tag == DW_TAG_subprogram) collect_function(child);
        });
        children_[::dwarf_dieoffset(&scope)] = std::move(all);
    }

    void collect_function(Dwarf_Die& die)
    {
        Dwarf_Addr base = 0;
        Dwarf_Addr from = 0;
        Dwarf_Addr to = 0;
        for (std::ptrdiff_t next = 0; (next = ::dwarf_ranges(&die, next, &base, &from, &to)) > 0;)
            if (from != 0 && from < to) functions_.push_back({from, to, ::dwarf_dieoffset(&die)});
        collect_local_functions(die);
    }

    /// Lambdas by gcc, whose entries are inside the function they were written in.
    void collect_local_functions(Dwarf_Die& scope)
    {
        Dwarf_Die child{};
        for (bool more = ::dwarf_child(&scope, &child) == 0; more; more = ::dwarf_siblingof(&child, &child) == 0) {
            int const tag = ::dwarf_tag(&child);
            if (tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_lexical_block)
                collect_local_functions(child);
            else if (tag == DW_TAG_subprogram)
                collect_function(child);
        }
    }

    /// For functions that are not in the index.
    maybe<Dwarf_Die> found_by_libdw(Dwarf_Addr code)
    {
        Dwarf_Die* scopes = nullptr;
        int const count = ::dwarf_getscopes(&unit_, code, &scopes);
        maybe<Dwarf_Die> found;
        for (int i = 0; i < count && !found; ++i)
            if (::dwarf_tag(&scopes[i]) == DW_TAG_subprogram && ::dwarf_haspc(&scopes[i], code) > 0) found = scopes[i];
        std::free(scopes);
        return found;
    }

    Dwarf_Die unit_;
    bool functions_read_{false};
    bool has_types_{false};
    bool has_base_type_{false};
    many<function> functions_;
    by_number<many<Dwarf_Off>> children_;
};

/// The units that were asked for.
class dwarf_units {
public:
    /// The unit that holds this entry.
    dwarf_unit& of(Dwarf_Die entry)
    {
        auto const number = reinterpret_cast<std::uintptr_t>(entry.cu);
        if (dwarf_unit* const known = units_.find(number)) return *known;
        Dwarf_Die unit{};
        ::dwarf_diecu(&entry, &unit, nullptr, nullptr);
        return units_.add(number, dwarf_unit{unit});
    }

private:
    by_number<dwarf_unit> units_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

// NOLINTEND(misc-no-recursion)
