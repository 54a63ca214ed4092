// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/fixed.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <dwarf.h>
#include <elfutils/libdw.h>

// Reads the attributes of one entry of debug information (a DIE), and follows its references to others.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {
namespace dwarf {

inline constexpr int most_nested = 32;  // references followed; damaged debug information may have cycles

inline std::string text_of(Dwarf_Die die, unsigned name)
{
    Dwarf_Attribute attribute{};
    char const* const text = ::dwarf_formstring(::dwarf_attr_integrate(&die, name, &attribute));
    return text != nullptr ? text : std::string{};
}

inline std::string linkage_of(Dwarf_Die die)
{
    std::string const name = text_of(die, DW_AT_linkage_name);
    return !name.empty() ? name : text_of(die, DW_AT_MIPS_linkage_name);
}

inline bool has(Dwarf_Die die, unsigned name)
{
    Dwarf_Attribute attribute{};
    return ::dwarf_attr_integrate(&die, name, &attribute) != nullptr;
}

inline maybe<Dwarf_Die> referenced_entry(Dwarf_Die die, unsigned name)
{
    Dwarf_Attribute attribute{};
    Dwarf_Die found{};
    if (::dwarf_attr(&die, name, &attribute) == nullptr) return {};
    if (::dwarf_formref_die(&attribute, &found) == nullptr) return {};
    return found;
}

inline Dwarf_Die follow_references(Dwarf_Die die, std::initializer_list<unsigned> names)
{
    for (int i = 0; i < most_nested; ++i) {
        maybe<Dwarf_Die> next;
        for (unsigned const name : names)
            if (!next) next = referenced_entry(die, name);
        if (!next) break;
        die = *next;
    }
    return die;
}

inline maybe<Dwarf_Die> type_die(Dwarf_Die die)
{
    Dwarf_Attribute attribute{};
    Dwarf_Die found{};
    if (::dwarf_attr_integrate(&die, DW_AT_type, &attribute) == nullptr) return {};
    if (::dwarf_formref_die(&attribute, &found) == nullptr) return {};
    return found;
}

template <typename F>
void for_each_child(Dwarf_Die die, F f)  // NOLINT(misc-no-recursion): a tree of trees
{
    Dwarf_Die child{};
    for (bool more = ::dwarf_child(&die, &child) == 0; more; more = ::dwarf_siblingof(&child, &child) == 0) f(child);
}

constexpr bool is_type(int tag)
{
    return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

inline bool points_to_const(Dwarf_Die parameter)
{
    auto type = type_die(parameter);
    while (type && ::dwarf_tag(&*type) == DW_TAG_const_type) type = type_die(*type);
    if (!type || ::dwarf_tag(&*type) != DW_TAG_pointer_type) return false;
    auto target = type_die(*type);
    return target && ::dwarf_tag(&*target) == DW_TAG_const_type;
}

inline std::string bounds(Dwarf_Die array)
{
    std::string all;
    for_each_child(array, [&](Dwarf_Die child) {
        Dwarf_Attribute attribute{};
        Dwarf_Word number = 0;
        if (::dwarf_tag(&child) != DW_TAG_subrange_type) return;
        if (::dwarf_formudata(::dwarf_attr(&child, DW_AT_count, &attribute), &number) == 0)
            all += '[' + std::to_string(number) + ']';
        else if (::dwarf_formudata(::dwarf_attr(&child, DW_AT_upper_bound, &attribute), &number) == 0)
            all += '[' + std::to_string(number + 1) + ']';
        else
            all += "[]";
    });
    return all;
}

inline std::string base_type(std::string const& name)
{
    using namespace std::string_view_literals;
    constexpr fixed<std::pair<std::string_view, std::string_view>, 8> spelled{{
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

}  // namespace dwarf
}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
