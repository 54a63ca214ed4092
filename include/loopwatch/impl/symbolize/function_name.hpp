// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/fixed.hpp"
#include "code_origin.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A function's name as its author would write it.
struct function_name {
    std::string text;
    bool coroutine{false};
};

/// Where the parenthesis closed at `closing` was opened, or npos.
constexpr std::size_t opening_of(std::string_view text, std::size_t closing)
{
    int depth = 0;
    for (std::size_t i = closing + 1; i-- > 0;) {
        if (text[i] == ')') ++depth;
        if (text[i] == '(' && --depth == 0) return i;
    }
    return text.npos;
}

inline void replace_all(std::string& text, std::string_view from, std::string_view to)
{
    // Not text.replace(): gcc 12 warns of it when it is inlined with LTO.
    std::string replaced;
    std::size_t done = 0;
    for (std::size_t at = 0; (at = text.find(from, done)) != text.npos; done = at + from.size()) {
        replaced.append(text, done, at - done);
        replaced.append(to);
    }
    if (done == 0) return;
    replaced.append(text, done);
    text = std::move(replaced);
}

/// The position after the bracket, of any of four kinds, that closes the one at `opening`; the end if there is none.
constexpr std::size_t end_of_bracket(std::string_view text, std::size_t opening)
{
    constexpr std::string_view opens = "<({[";
    constexpr std::string_view closes = ">)}]";
    int depth = 0;
    for (std::size_t i = opening; i < text.size(); ++i) {
        if (opens.find(text[i]) != opens.npos) ++depth;
        // The '>' of "->" closes nothing.
        if (closes.find(text[i]) != closes.npos && (text[i] != '>' || text[i - 1] != '-') && --depth == 0) return i + 1;
    }
    return text.size();
}

/// Removes default template arguments of the standard library from the end of each argument list.
inline void drop_default_arguments(std::string& text)
{
    using namespace std::string_view_literals;
    for (auto const start : {", std::allocator<"sv, ", std::default_delete<"sv, ", std::less<"sv, ", std::equal_to<"sv,
                             ", std::hash<"sv}) {
        for (std::size_t at = 0; (at = text.find(start, at)) != text.npos;) {
            std::size_t const end = end_of_bracket(text, at + start.size() - 1);
            if (end < text.size() && text[end] == '>')
                text.erase(at, end - at);
            else
                at += start.size();
        }
    }
}

/// The end of the lambda's name that begins at `at`; npos if none does. Spellings: "{lambda(int)#1}" by gcc's
/// demangler,
/// "'lambda0'(int)" by LLVM's, "$_0" by clang in a function local to a file, "<lambda(int)>" and
/// "(lambda at file.cpp:1:2)" in debug information.
constexpr std::size_t end_of_lambda(std::string_view text, std::size_t at)
{
    std::string_view const rest = text.substr(at);
    if (rest.starts_with("{lambda") || rest.starts_with("<lambda(") || rest.starts_with("(lambda at "))
        return end_of_bracket(text, at);
    auto const digits_from = [text](std::size_t i) {
        while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
        return i;
    };
    if (rest.starts_with("$_")) return digits_from(at + 2);
    if (!rest.starts_with("'lambda")) return text.npos;
    std::size_t const quote = digits_from(at + std::string_view{"'lambda"}.size());
    if (quote >= text.size() || text[quote] != '\'') return text.npos;
    return quote + 1 < text.size() && text[quote + 1] == '(' ? end_of_bracket(text, quote + 1) : quote + 1;
}

/// The end of a lambda's call operator at `at`, "::operator()<int>(int) const"; `at` itself if there is none.
constexpr std::size_t end_of_call(std::string_view text, std::size_t at)
{
    constexpr std::string_view call = "::operator()";
    if (!text.substr(at).starts_with(call)) return at;
    at += call.size();
    for (char const bracket : {'<', '('})
        if (at < text.size() && text[at] == bracket) at = end_of_bracket(text, at);
    for (std::string_view const what : {" const", " volatile", " &&", " &"})
        if (text.substr(at).starts_with(what)) at += what.size();
    return at;
}

/// Replaces every lambda, with its call operator, by "{lambda}": compilers name and number them differently.
inline std::string with_plain_lambdas(std::string_view text)
{
    std::string plain;
    for (std::size_t at = 0; at < text.size();) {
        if (auto const end = end_of_lambda(text, at); end != text.npos) {
            plain += "{lambda}";
            at = end_of_call(text, end);
        } else if (text.substr(at).starts_with("{unnamed type#")) {
            plain += "{unnamed}";
            at = end_of_bracket(text, at);
        } else {
            plain += text[at++];
        }
    }
    return plain;
}

/// Gives a coroutine's body by gcc the coroutine's parameters. It takes the frame instead: "f(f(int)::_Z1fi.Frame*)".
inline void name_coroutines(std::string& text)
{
    constexpr std::string_view mark = ".Frame*)";
    for (std::size_t at = 0; (at = text.find(mark, at)) != text.npos;) {
        std::size_t const end = at + mark.size();
        auto const open = opening_of(text, end - 1);
        auto const frame = text.rfind("::_Z", at);
        auto const close = frame == text.npos ? text.npos : text.rfind(')', frame);
        auto const own = close == text.npos ? text.npos : opening_of(text, close);
        at = end;
        if (open == text.npos || own == text.npos || own <= open) continue;
        std::string const parameters = text.substr(own, frame - own);
        text.replace(open, end - open, parameters);
        at = open + parameters.size();
    }
}

/// Names the function of a Catch2 or doctest test case TEST_CASE: its own name has a counter, which any edit of the
/// file changes.
inline void name_test_cases(std::string& text)
{
    using namespace std::string_view_literals;
    // doctest's began with an underscore before 2.4.9.
    for (auto const start :
         {"C_A_T_C_H_T_E_S_T_"sv, "C_A_T_C_H_T_E_M_P_L_A_T_E_T_E_S_T_F_U_N_C_"sv,
          "C_A_T_C_H_T_E_M_P_L_A_T_E_T_E_S_T_"sv, "_DOCTEST_ANON_FUNC_"sv, "_DOCTEST_ANON_CLASS_"sv,
          "_DOCTEST_ANON_TMP_"sv, "DOCTEST_ANON_FUNC_"sv, "DOCTEST_ANON_CLASS_"sv, "DOCTEST_ANON_TMP_"sv}) {
        for (std::size_t at = 0; (at = text.find(start, at)) != text.npos;) {
            std::size_t end = at + start.size();
            while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
            if (end < text.size() && text[end] == '<') end = end_of_bracket(text, end);
            for (auto const member : {"::test"sv, "::f"sv})  // of a test case with a fixture
                if (text.compare(end, member.size(), member) == 0) end += member.size();
            if (text.compare(end, 2, "()") == 0) end += 2;
            constexpr std::string_view hidden = "(anonymous namespace)::";
            if (at >= hidden.size() && text.compare(at - hidden.size(), hidden.size(), hidden) == 0)
                at -= hidden.size();
            text = text.substr(0, at) + "TEST_CASE" + text.substr(end);
        }
    }
}

/// Where the compiler's suffix begins, or npos: " [clone .resume]" by gcc's demangler, " (.resume)" by LLVM's.
inline std::size_t suffix_of(std::string_view text)
{
    if (text.ends_with(']')) return text.rfind(" [clone ");
    if (!text.ends_with(')')) return text.npos;
    auto const at = text.rfind(" (.");
    return at != text.npos && text[at + 3] != '.' ? at : text.npos;  // not of "f(int (...))"
}

/// Spells types as in source code: "std::string" for the type that it is, "vector<set<int>>", and a lambda as
/// "{lambda}".
inline void spell_as_in_source(std::string& text)
{
    for (std::size_t at = 0; (at = text.find("[abi:", at)) != text.npos;) text.erase(at, text.find(']', at) + 1 - at);
    for (auto before = text.size() + 1; before != text.size();) {
        before = text.size();
        replace_all(text, "> >", ">>");
    }
    text = with_plain_lambdas(text);
    constexpr fixed<std::pair<std::string_view, std::string_view>, 7> spelled{{
        {"__cxx11::", ""},
        {"std::__1::", "std::"},
        {"std::__n4861::", "std::"},
        {"std::basic_string<char, std::char_traits<char>, std::allocator<char>>", "std::string"},
        {"std::basic_string_view<char, std::char_traits<char>>", "std::string_view"},
        {"asio::basic_stream_socket<asio::ip::tcp, asio::any_io_executor>", "asio::ip::tcp::socket"},
        {"asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::any_io_executor>", "asio::ip::tcp::socket"},
    }};
    for (auto const& [from, to] : spelled) replace_all(text, from, to);
    drop_default_arguments(text);
}

/// Pure. Turns a demangled name into the one its author would write, the same for every compiler and optimization:
/// - gcc's body of a coroutine, "f(f(int)::_Z1fi.Frame*) [clone .actor]", and clang's, "f(int) [clone .resume]", are
///   both "f(int)", with `coroutine` set;
/// - the compiler's copies ("[clone .isra.0]", ".cold") lose their suffix;
/// - a lambda in f(int) is "f(int)::{lambda}";
/// - the return type, which only templates have, is removed;
/// - the standard library's types are named as in source code.
/// A name that is clean already stays as it is.
inline function_name clean_function_name(std::string text)
{
    function_name name;
    for (std::size_t at = 0; (at = suffix_of(text)) != text.npos;) {
        std::string_view const suffix = std::string_view{text}.substr(at);
        for (auto const mark : {".actor", ".resume", ".destroy", ".cleanup"})
            if (suffix.find(mark) != suffix.npos) name.coroutine = true;
        text.erase(at);
    }
    constexpr std::string_view takes_a_frame = ".Frame*)";
    bool const may_be_body = text.ends_with(takes_a_frame);
    name_coroutines(text);
    if (may_be_body && !text.ends_with(takes_a_frame)) name.coroutine = true;
    spell_as_in_source(text);
    text.erase(0, name_begins_at(text));
    name_test_cases(text);
    name.text = std::move(text);
    return name;
}

/// Removes all parameter lists: "app::serve(int)::{lambda}" gives "app::serve::{lambda}".
inline std::string without_parameters(std::string_view function)
{
    constexpr std::string_view hidden = "(anonymous namespace)";
    constexpr std::string_view op = "operator";
    std::string name;
    for (std::size_t at = 0; at < function.size();) {
        std::string_view const rest = function.substr(at);
        std::size_t end = at + 1;
        if (rest.starts_with(hidden)) {
            end = at + hidden.size();
        } else if (rest.starts_with(op) && (at == 0 || function[at - 1] == ':')) {
            bool const is_call = rest.starts_with("operator()");
            end = std::min(function.find('(', at + op.size() + (is_call ? 1 : 0)), function.size());
        } else if (function[at] == '<') {
            end = end_of_bracket(function, at);
        } else if (function[at] == '(') {
            at = end_of_bracket(function, at);
            for (std::string_view const what : {" const", " volatile", " &&", " &"})
                if (function.substr(at).starts_with(what)) at += what.size();
            continue;
        }
        name += function.substr(at, end - at);
        at = end;
    }
    return name;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
