// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "config.hpp"

#include <array>
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

/// Where the bracket at `closing` was opened, or npos.
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
    // Not by text.replace(), of which gcc 12 warns when it is inlined with LTO.
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

/// Removes ", std::allocator<...>" wherever it is a template's last argument.
inline void drop_default_allocators(std::string& text)
{
    constexpr std::string_view start = ", std::allocator<";
    for (std::size_t at = 0; (at = text.find(start, at)) != text.npos;) {
        std::size_t end = at + start.size();
        for (int depth = 1; end < text.size() && depth > 0; ++end) {
            if (text[end] == '<') ++depth;
            if (text[end] == '>') --depth;
        }
        std::size_t after = end;
        while (after < text.size() && text[after] == ' ') ++after;
        if (after < text.size() && text[after] == '>')
            text.erase(at, after - at);
        else
            at = end;
    }
}

/// Pure. From a demangled name:
/// - gcc's body of a coroutine, "f(f(int)::_Z1fi.Frame*) [clone .actor]", and clang's, "f(int) [clone .resume]", are
///   both "f(int)", and marked;
/// - the compiler's copies ("[clone .isra.0]", ".cold") lose their suffix;
/// - the standard library's types are named as in source code.
inline function_name clean_function_name(std::string text)
{
    function_name name;
    while (text.ends_with(']')) {
        auto const at = text.rfind(" [clone ");
        if (at == text.npos) break;
        std::string_view const suffix = std::string_view{text}.substr(at);
        for (auto const mark : {".actor", ".resume", ".destroy", ".cleanup"})
            if (suffix.find(mark) != suffix.npos) name.coroutine = true;
        text.erase(at);
    }
    if (text.ends_with(".Frame*)")) {
        auto const open = opening_of(text, text.size() - 1);
        auto const frame_type = text.rfind("::_Z");
        if (open != text.npos && frame_type != text.npos && frame_type > open) {
            text = text.substr(open + 1, frame_type - open - 1);
            name.coroutine = true;
        }
    }
    constexpr std::array<std::pair<std::string_view, std::string_view>, 9> spelled{{
        {"__cxx11::", ""},
        {"[abi:cxx11]", ""},
        {"std::__1::", "std::"},
        {"std::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string"},
        {"std::basic_string<char, std::char_traits<char>, std::allocator<char>>", "std::string"},
        {"std::basic_string_view<char, std::char_traits<char> >", "std::string_view"},
        {"std::basic_string_view<char, std::char_traits<char>>", "std::string_view"},
        {"asio::basic_stream_socket<asio::ip::tcp, asio::any_io_executor>", "asio::ip::tcp::socket"},
        {"asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::any_io_executor>", "asio::ip::tcp::socket"},
    }};
    for (auto const& [from, to] : spelled) replace_all(text, from, to);
    drop_default_allocators(text);
    for (auto before = text.size() + 1; before != text.size();) {
        before = text.size();
        replace_all(text, "> >", ">>");
    }
    name.text = std::move(text);
    return name;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
