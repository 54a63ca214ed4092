// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "demangled.hpp"
#include "dwarf_unit.hpp"

#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <dwarf.h>
#include <elfutils/libdw.h>

// Debug information is a tree of trees.
// NOLINTBEGIN(misc-no-recursion)

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Names functions in full, as their symbols would: "app::request::handle(long) const". What is called from one file
/// alone and was inlined has no symbol; of gcc it has no linkage name either, so its name is made of what it stands in,
/// and of its parameters' types. clean_function_name() then makes both ways alike.
class dwarf_names {
public:
    explicit dwarf_names(dwarf_units& units) : units_{units} {}

    std::string function(Dwarf_Die die)
    {
        for (unsigned const kind : {DW_AT_linkage_name, DW_AT_MIPS_linkage_name}) {
            std::string const linkage = text_of(die, kind);
            if (!linkage.empty()) return demangled(linkage.c_str());
        }
        Dwarf_Die const instance = followed(die, {DW_AT_abstract_origin});
        Dwarf_Die const declared = followed(instance, {DW_AT_abstract_origin, DW_AT_specification});
        std::string bare = text_of(die, DW_AT_name);
        if (bare.empty()) return {};
        std::string const scope = scope_of(declared);
        if (bare.starts_with("operator()") && scope.ends_with("{lambda}::")) return scope.substr(0, scope.size() - 2);
        if (bare == "main" && scope.empty()) return bare;
        std::string name = scope + bare;
        if (units_.of(instance).has_types()) name += parameters(instance, declared);
        return name;
    }

private:
    static constexpr int most_nested = 32;  // of what damaged debug information says

    static std::string text_of(Dwarf_Die die, unsigned name)
    {
        Dwarf_Attribute attribute{};
        char const* const text = ::dwarf_formstring(::dwarf_attr_integrate(&die, name, &attribute));
        return text != nullptr ? text : std::string{};
    }

    static std::optional<Dwarf_Die> other(Dwarf_Die die, unsigned name)
    {
        Dwarf_Attribute attribute{};
        Dwarf_Die found{};
        if (::dwarf_attr(&die, name, &attribute) == nullptr) return {};
        if (::dwarf_formref_die(&attribute, &found) == nullptr) return {};
        return found;
    }

    static Dwarf_Die followed(Dwarf_Die die, std::initializer_list<unsigned> names)
    {
        for (int i = 0; i < most_nested; ++i) {
            std::optional<Dwarf_Die> next;
            for (unsigned const name : names)
                if (!next) next = other(die, name);
            if (!next) break;
            die = *next;
        }
        return die;
    }

    template <typename F>
    static void for_each_child(Dwarf_Die die, F f)
    {
        Dwarf_Die child{};
        for (bool more = ::dwarf_child(&die, &child) == 0; more; more = ::dwarf_siblingof(&child, &child) == 0)
            f(child);
    }

    static bool is_type(int tag)
    {
        return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
    }

    /// "app::request::", of what an entry stands in.
    std::string scope_of(Dwarf_Die die)
    {
        std::string scope;
        if (++depth_ > most_nested) return --depth_, scope;
        for (Dwarf_Die outer : units_.of(die).scopes_of(die)) {
            int const tag = ::dwarf_tag(&outer);
            if (tag == DW_TAG_subprogram)
                scope = function(outer) + "::";  // that is in full
            else if (tag == DW_TAG_namespace || is_type(tag))
                scope += own_name(outer) + "::";
        }
        --depth_;
        return scope;
    }

    /// Of a namespace or a type, without what it stands in.
    static std::string own_name(Dwarf_Die die)
    {
        std::string name = text_of(die, DW_AT_name);
        if (::dwarf_tag(&die) == DW_TAG_namespace) return name.empty() ? "(anonymous namespace)" : name;
        if (name.starts_with("<lambda")) return "{lambda}";
        if (!name.empty()) return name;
        bool called = false;
        for_each_child(die, [&](Dwarf_Die child) {
            called = called ||
                     (::dwarf_tag(&child) == DW_TAG_subprogram && text_of(child, DW_AT_name).starts_with("operator()"));
        });
        return called ? "{lambda}" : "{unnamed}";
    }

    std::string parameters(Dwarf_Die instance, Dwarf_Die declared)
    {
        std::string list;
        bool is_const = false;
        bool any = false;
        auto const add = [&](Dwarf_Die child) {
            int const tag = ::dwarf_tag(&child);
            if (tag == DW_TAG_unspecified_parameters) list += list.empty() ? "..." : ", ...";
            if (tag != DW_TAG_formal_parameter) return;
            any = true;
            if (Dwarf_Attribute a{}; ::dwarf_attr_integrate(&child, DW_AT_artificial, &a) != nullptr) {
                is_const = is_const || points_to_const(child);
                return;
            }
            if (!list.empty()) list += ", ";
            list += type_of(child, true);
        };
        for_each_child(instance, add);
        if (!any) for_each_child(declared, add);
        return '(' + list + (is_const ? ") const" : ")");
    }

    static std::optional<Dwarf_Die> type_die(Dwarf_Die die)
    {
        Dwarf_Attribute attribute{};
        Dwarf_Die found{};
        if (::dwarf_attr_integrate(&die, DW_AT_type, &attribute) == nullptr) return {};
        if (::dwarf_formref_die(&attribute, &found) == nullptr) return {};
        return found;
    }

    static bool points_to_const(Dwarf_Die parameter)
    {
        auto type = type_die(parameter);
        while (type && ::dwarf_tag(&*type) == DW_TAG_const_type) type = type_die(*type);
        if (!type || ::dwarf_tag(&*type) != DW_TAG_pointer_type) return false;
        auto target = type_die(*type);
        return target && ::dwarf_tag(&*target) == DW_TAG_const_type;
    }

    /// As demanglers write it: "char const*". `whole`: of a parameter, whose own const is not in its function's name.
    std::string type_of(Dwarf_Die const& typed, bool whole = false)
    {
        auto type = type_die(typed);
        if (!type) return "void";
        if (++depth_ > most_nested) return --depth_, "?";
        std::string const name = name_of_type(*type, whole);
        --depth_;
        return name;
    }

    std::string name_of_type(Dwarf_Die type, bool whole)
    {
        switch (::dwarf_tag(&type)) {
            case DW_TAG_typedef:
            case DW_TAG_template_alias: return type_of(type, whole);
            case DW_TAG_const_type: return type_of(type) + (whole ? "" : " const");
            case DW_TAG_volatile_type: return type_of(type) + (whole ? "" : " volatile");
            case DW_TAG_restrict_type: return type_of(type);
            case DW_TAG_pointer_type: return pointer(type, "*");
            case DW_TAG_reference_type: return pointer(type, "&");
            case DW_TAG_rvalue_reference_type: return pointer(type, "&&");
            case DW_TAG_subroutine_type: return type_of(type) + ' ' + parameters(type, type);
            case DW_TAG_base_type: return base_type(text_of(type, DW_AT_name));
            case DW_TAG_unspecified_type: return "decltype(nullptr)";
            default: {
                Dwarf_Die const declared = followed(type, {DW_AT_specification});
                return scope_of(declared) + own_name(declared);
            }
        }
    }

    std::string pointer(Dwarf_Die type, char const* mark)
    {
        auto target = type_die(type);
        while (target && ::dwarf_tag(&*target) == DW_TAG_typedef) target = type_die(*target);
        if (target && ::dwarf_tag(&*target) == DW_TAG_subroutine_type)
            return type_of(*target) + " (" + mark + ')' + parameters(*target, *target);
        return type_of(type) + mark;
    }

    static std::string base_type(std::string const& name)
    {
        using namespace std::string_view_literals;
        constexpr std::array<std::pair<std::string_view, std::string_view>, 8> spelled{{
            {"long int"sv, "long"sv},
            {"long unsigned int"sv, "unsigned long"sv},
            {"long long int"sv, "long long"sv},
            {"long long unsigned int"sv, "unsigned long long"sv},
            {"short int"sv, "short"sv},
            {"short unsigned int"sv, "unsigned short"sv},
            {"unsigned short int"sv, "unsigned short"sv},
            {"unsigned long int"sv, "unsigned long"sv},
        }};
        for (auto const& [from, to] : spelled)
            if (name == from) return std::string{to};
        return name;
    }

    dwarf_units& units_;
    int depth_{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

// NOLINTEND(misc-no-recursion)
