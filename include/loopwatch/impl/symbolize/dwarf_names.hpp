// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/fixed.hpp"
#include "demangled.hpp"
#include "dwarf_entry.hpp"
#include "dwarf_unit.hpp"

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <dwarf.h>
#include <elfutils/libdw.h>

// Debug information is a tree, and walked recursively.
// NOLINTBEGIN(misc-no-recursion)

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Builds full function names from enclosing scopes and parameters: "app::request::handle(long) const". A function has
/// the same name whether it was inlined, and has no symbol, or not, and whatever the compiler. Externally visible
/// functions always have the symbol's name in the debug information, which is used. clean_function_name() then spells
/// both kinds alike.
class dwarf_names {
public:
    explicit dwarf_names(dwarf_units& units) : units_{units} {}

    struct known_name {
        std::string text;
        bool whole{true};  ///< false: only the symbol may have the full name
    };

    known_name of(Dwarf_Die die)
    {
        unit_facts const unit = facts(die);
        bool const whole = !dwarf::linkage_of(die).empty() || (unit.typed && unit.cplusplus);
        return {function(die), whole};
    }

private:
    struct unit_facts {
        bool typed;      ///< with -g1 functions have no parameters
        bool cplusplus;  ///< functions in C have no parameters in their names
    };

    unit_facts facts(Dwarf_Die die)
    {
        dwarf_unit& unit = units_.of(die);
        return {unit.has_types(), unit.is_cplusplus()};
    }

    std::string function(Dwarf_Die die)
    {
        auto const [typed, cplusplus] = facts(die);
        bool const external = dwarf::has(die, DW_AT_external);
        std::string const linkage = dwarf::linkage_of(die);
        std::string bare = dwarf::text_of(die, DW_AT_name);
        // Functions local to a file have a linkage name from clang only. It gives the same name except for templates,
        // where parameter types are spelled as they depend on the arguments.
        if (!linkage.empty() && (external || !typed || !bare.ends_with('>'))) return demangled(linkage.c_str());
        if (bare.empty() || !cplusplus) return bare;
        if (std::string const coroutine = coroutine_of(die); !coroutine.empty())
            return demangled(coroutine.c_str()) + " [clone .actor]";

        Dwarf_Die const instance = dwarf::follow_references(die, {DW_AT_abstract_origin});
        Dwarf_Die const declared = dwarf::follow_references(instance, {DW_AT_abstract_origin, DW_AT_specification});
        std::string const scope = scope_of(declared);
        if (bare.starts_with("operator()") && scope.ends_with("{lambda}::")) return scope.substr(0, scope.size() - 2);
        if (external && !inside_type_) return bare;  // extern "C", and main
        std::string text = scope + (is_conversion(bare) ? "operator " + type_of(declared)
                                                        : with_arguments(std::move(bare), {instance, declared}));
        if (typed) text += parameters(instance, declared);
        return text;
    }

    // --- enclosing scopes ---

    /// The scopes around an entry, as "app::request::".
    std::string scope_of(Dwarf_Die die)
    {
        std::string scope;
        inside_type_ = false;
        if (++depth_ > dwarf::most_nested) return --depth_, scope;
        bool outermost = true;
        bool inside_type = false;
        for (Dwarf_Die outer : units_.of(die).scopes_of(die)) {
            int const tag = ::dwarf_tag(&outer);
            if (tag == DW_TAG_subprogram) {
                scope = function(outer);  // a full name, with its own scopes
                if (auto const clone = scope.rfind(" [clone"); clone != scope.npos) scope.erase(clone);
                scope += "::";
            } else if (tag == DW_TAG_namespace || dwarf::is_type(tag)) {
                std::string const own = own_name(outer);
                if (outermost && own == "{lambda}") scope = coroutine_around(outer);
                scope += own + "::";
            }
            outermost = false;
            inside_type = dwarf::is_type(tag);
        }
        inside_type_ = inside_type;
        --depth_;
        return scope;
    }

    /// The name of a namespace or a type, without its scopes.
    std::string own_name(Dwarf_Die die)
    {
        std::string name = dwarf::text_of(die, DW_AT_name);
        if (::dwarf_tag(&die) == DW_TAG_namespace) return name.empty() ? "(anonymous namespace)" : name;
        if (name.starts_with("<lambda")) return "{lambda}";
        if (!name.empty()) return with_arguments(std::move(name), {die});
        bool called = false;
        dwarf::for_each_child(die, [&](Dwarf_Die child) {
            called = called || (::dwarf_tag(&child) == DW_TAG_subprogram &&
                                dwarf::text_of(child, DW_AT_name).starts_with("operator()"));
        });
        return called ? "{lambda}" : "{unnamed}";
    }

    // --- gcc's coroutines: their bodies are separate functions that take the frame ---

    /// The symbol of the coroutine that this function is the body of, or "". Taken from the name of the frame's type.
    static std::string coroutine_of(Dwarf_Die die)
    {
        if (!dwarf::has(die, DW_AT_artificial)) return {};
        constexpr std::string_view mark = ".Frame";
        std::string symbol;
        bool first = true;
        dwarf::for_each_child(
            dwarf::follow_references(die, {DW_AT_abstract_origin, DW_AT_specification}), [&](Dwarf_Die child) {
                if (::dwarf_tag(&child) != DW_TAG_formal_parameter || !std::exchange(first, false)) return;
                auto type = dwarf::type_die(child);
                while (type && (::dwarf_tag(&*type) == DW_TAG_const_type || ::dwarf_tag(&*type) == DW_TAG_pointer_type))
                    type = dwarf::type_die(*type);
                if (!type) return;
                symbol = dwarf::text_of(*type, DW_AT_name);
                symbol.erase(symbol.ends_with(mark) ? symbol.size() - mark.size() : 0);
            });
        return symbol;
    }

    /// The coroutine around a lambda, as a scope, or "". gcc puts such lambdas outside of any function, so the
    /// coroutine is found by its lines, between which the lambda lies.
    std::string coroutine_around(Dwarf_Die lambda)
    {
        int line = 0;
        char const* const file = ::dwarf_decl_file(&lambda);
        if (file == nullptr || ::dwarf_decl_line(&lambda, &line) != 0) return {};
        std::string found;
        int nearest = 0;
        dwarf_unit& unit = units_.of(lambda);
        for (Dwarf_Die function : unit.functions()) {
            int from = 0;
            if (::dwarf_decl_line(&function, &from) != 0 || from > line || from <= nearest) continue;
            char const* const its_file = ::dwarf_decl_file(&function);
            if (its_file == nullptr || std::string_view{its_file} != file) continue;
            std::string const symbol = coroutine_of(function);
            if (symbol.empty() || unit.last_line(function, file) < line) continue;
            nearest = from;
            found = demangled(symbol.c_str()) + "::";
        }
        return found;
    }

    // --- parameters and template arguments ---

    std::string parameters(Dwarf_Die instance, Dwarf_Die declared)
    {
        std::string list;
        std::string behind;
        bool any = false;
        auto const put = [&](std::string_view one) {
            if (!list.empty()) list += ", ";
            list += one;
        };
        auto const add = [&](Dwarf_Die child) {
            int const tag = ::dwarf_tag(&child);
            if (tag == DW_TAG_unspecified_parameters) put("...");
            if (tag == DW_TAG_GNU_formal_parameter_pack)
                dwarf::for_each_child(child, [&](Dwarf_Die each) { put(type_of(each, true)); });
            any = any || tag == DW_TAG_formal_parameter || tag == DW_TAG_GNU_formal_parameter_pack;
            if (tag != DW_TAG_formal_parameter) return;
            if (!dwarf::has(child, DW_AT_artificial))
                put(type_of(child, true));
            else if (dwarf::points_to_const(child))
                behind = " const";
        };
        dwarf::for_each_child(instance, add);
        if (!any) dwarf::for_each_child(declared, add);
        if (dwarf::has(declared, DW_AT_reference)) behind += " &";
        if (dwarf::has(declared, DW_AT_rvalue_reference)) behind += " &&";
        return '(' + list + ')' + behind;
    }

    static bool is_conversion(std::string_view name)
    {
        return name.starts_with("operator ") && !name.starts_with("operator new") &&
               !name.starts_with("operator delete") && !name.starts_with("operator co_await") &&
               !name.starts_with("operator \"\"");
    }

    /// A template's name, with its arguments spelled as demanglers do: gcc and clang differ.
    std::string with_arguments(std::string name, std::initializer_list<Dwarf_Die> entries)
    {
        if (!name.ends_with('>')) return name;
        std::string list;
        bool any = false;
        bool readable = true;
        auto const add = [&](auto const& self, Dwarf_Die child) -> void {
            int const tag = ::dwarf_tag(&child);
            std::string one;
            switch (tag) {
                case DW_TAG_template_type_parameter: one = type_of(child); break;
                case DW_TAG_template_value_parameter: one = value_of(child); break;
                case DW_TAG_GNU_template_template_param: one = dwarf::text_of(child, DW_AT_GNU_template_name); break;
                case DW_TAG_GNU_template_parameter_pack:
                    any = true;
                    dwarf::for_each_child(child, [&](Dwarf_Die each) { self(self, each); });
                    return;
                default: return;
            }
            any = true;
            readable = readable && !one.empty();
            if (!list.empty()) list += ", ";
            list += one;
        };
        for (Dwarf_Die const& entry : entries)
            if (!any) dwarf::for_each_child(entry, [&](Dwarf_Die child) { add(add, child); });
        if (!any || !readable) return name;
        std::size_t at = name.size();
        for (int depth = 0; at > 0;) {
            char const c = name[--at];
            if (c == '>') ++depth;
            if (c == '<' && --depth == 0) break;
        }
        return name.substr(0, at) + '<' + list + '>';
    }

    /// A template argument that is a value: "3ul", "true", "(app::kind)1"; "" if it is not a number.
    std::string value_of(Dwarf_Die parameter)
    {
        Dwarf_Attribute attribute{};
        Dwarf_Sword number = 0;
        auto type = dwarf::type_die(parameter);
        while (type && (::dwarf_tag(&*type) == DW_TAG_typedef || ::dwarf_tag(&*type) == DW_TAG_const_type))
            type = dwarf::type_die(*type);
        if (!type || ::dwarf_attr(&parameter, DW_AT_const_value, &attribute) == nullptr ||
            ::dwarf_formsdata(&attribute, &number) != 0)
            return {};
        int const tag = ::dwarf_tag(&*type);
        if (tag != DW_TAG_base_type && tag != DW_TAG_enumeration_type) return {};
        std::string const spelled = name_of_type(*type, true);
        if (spelled == "bool") return number != 0 ? "true" : "false";
        constexpr fixed<std::pair<std::string_view, std::string_view>, 6> suffixes{{{"int", ""},
                                                                                    {"unsigned int", "u"},
                                                                                    {"long", "l"},
                                                                                    {"unsigned long", "ul"},
                                                                                    {"long long", "ll"},
                                                                                    {"unsigned long long", "ull"}}};
        bool const is_unsigned = spelled.starts_with("unsigned");
        std::string const digits =
            is_unsigned ? std::to_string(static_cast<Dwarf_Word>(number)) : std::to_string(number);
        for (auto const& [name, suffix] : suffixes)
            if (spelled == name) return digits + std::string{suffix};
        return '(' + spelled + ')' + digits;
    }

    // --- types ---

    /// The type of an entry as demanglers spell it: "char const*". `whole`: drop a top-level const, which is not part
    /// of a parameter's type in a function's name.
    std::string type_of(Dwarf_Die const& typed, bool whole = false)
    {
        auto type = dwarf::type_die(typed);
        if (!type) return "void";
        if (++depth_ > dwarf::most_nested) return --depth_, "?";
        std::string name = name_of_type(*type, whole);
        --depth_;
        return name;
    }

    std::string name_of_type(Dwarf_Die type, bool whole)
    {
        switch (::dwarf_tag(&type)) {
            case DW_TAG_typedef:
            case DW_TAG_template_alias: return aliased(type, whole);
            case DW_TAG_const_type: return type_of(type) + (whole ? "" : " const");
            case DW_TAG_volatile_type: return type_of(type) + (whole ? "" : " volatile");
            case DW_TAG_atomic_type:
            case DW_TAG_restrict_type: return type_of(type);
            case DW_TAG_pointer_type: return pointer(type, "*");
            case DW_TAG_reference_type: return pointer(type, "&");
            case DW_TAG_rvalue_reference_type: return pointer(type, "&&");
            case DW_TAG_subroutine_type: return type_of(type) + ' ' + parameters(type, type);
            case DW_TAG_array_type: return type_of(type) + ' ' + dwarf::bounds(type);
            case DW_TAG_base_type: return dwarf::base_type(dwarf::text_of(type, DW_AT_name));
            case DW_TAG_unspecified_type: return "decltype(nullptr)";
            default: {
                Dwarf_Die const declared = dwarf::follow_references(type, {DW_AT_specification});
                std::string const scope = scope_of(declared);
                return scope + own_name(declared);
            }
        }
    }

    /// The aliased type; the alias itself if the type has no other name: "typedef struct { ... } row;".
    std::string aliased(Dwarf_Die alias, bool whole)
    {
        auto target = dwarf::type_die(alias);
        int const tag = target ? ::dwarf_tag(&*target) : 0;
        bool const is_named =
            !target || (!dwarf::is_type(tag) && tag != DW_TAG_enumeration_type) || own_name(*target) != "{unnamed}";
        if (!is_named) return scope_of(alias) + dwarf::text_of(alias, DW_AT_name);
        return type_of(alias, whole);
    }

    std::string pointer(Dwarf_Die type, char const* mark)
    {
        auto target = dwarf::type_die(type);
        while (target && ::dwarf_tag(&*target) == DW_TAG_typedef) target = dwarf::type_die(*target);
        if (target && ::dwarf_tag(&*target) == DW_TAG_subroutine_type)
            return type_of(*target) + " (" + mark + ')' + parameters(*target, *target);
        if (target && ::dwarf_tag(&*target) == DW_TAG_array_type)
            return type_of(*target) + " (" + mark + ") " + dwarf::bounds(*target);
        return type_of(type) + mark;
    }

    dwarf_units& units_;
    int depth_{0};
    bool inside_type_{false};  // the entry last given to scope_of() is a member of a class
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

// NOLINTEND(misc-no-recursion)
