// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/by_number.hpp"
#include "../base/malloced.hpp"
#include "../base/many.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <cxxabi.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Cuts the first component off a mangled name, "4asio6detail..."; "" if it has none.
constexpr std::string_view cut_component(std::string_view& mangled) noexcept
{
    std::size_t size = 0;
    std::size_t digits = 0;
    while (digits < mangled.size() && mangled[digits] >= '0' && mangled[digits] <= '9' && size < mangled.size())
        size = size * 10 + static_cast<std::size_t>(mangled[digits++] - '0');
    if (size > mangled.size() - digits) return {};
    auto const name = mangled.substr(digits, size);
    mangled = mangled.substr(digits + size);
    return name;
}

enum class which_asio : std::uint8_t { neither, standalone, boost };

/// Cuts off the operation of an Asio that a mangled name begins with, "4asio6detail12wait_handlerI...". Of those alone
/// that all versions have, and whose handlers all versions track.
constexpr which_asio cut_operation(std::string_view& mangled) noexcept
{
    auto which = which_asio::standalone;
    auto component = cut_component(mangled);
    if (component == "boost") {
        which = which_asio::boost;
        component = cut_component(mangled);
    }
    if (component != "asio") return which_asio::neither;
    component = cut_component(mangled);
    if (component != "detail") component = cut_component(mangled);  // newer ones have a version there
    if (component != "detail") return which_asio::neither;
    component = cut_component(mangled);
    bool const is_known = component == "completion_handler" || component == "executor_op" ||
                          component == "wait_handler" ||
                          (component.starts_with("reactive_socket_") && component.ends_with("_op"));
    return is_known && mangled.starts_with('I') ? which : which_asio::neither;
}

/// Texts, kept as their hashes: has() may be wrong, then with true.
class text_set {
public:
    void add(std::string_view text)
    {
        if (!has(text)) numbers_.add(number_of(text), 0);
    }
    [[nodiscard]] bool has(std::string_view text) const { return numbers_.find(number_of(text)) != number_index::none; }

private:
    static std::uint64_t number_of(std::string_view text) { return std::hash<std::string_view>{}(text); }

    number_index numbers_;
};

/// Learns from a module's symbols which types of operations its code completes, and which of these types Asio tracks:
/// the files with the others are compiled without exact_tracking.hpp.
///
/// Where it is tracked, the function do_complete() of an operation refers to the number of its type and to the type's
/// name (detail/exact/completion.hpp), which have symbols, too. Only if both are missing it is not: without RTTI there
/// is no name.
class completed_operations {
public:
    /// Of one symbol, mangled. The text must outlive this.
    void add(std::string_view symbol)
    {
        symbol = symbol.substr(0, symbol.find('.'));  // of a clone, or given by link-time optimization
        auto rest = symbol;
        if (cut(rest, number)) {
            numbers_.push_back(symbol);
            if (cut(rest, "N")) note_tracked(cut_operation(rest));
        } else if (cut(rest, type_name)) {
            auto const type = rest;
            if (cut_operation(rest) != which_asio::neither) named_.add(type.substr(0, type.size() - 1));
        } else if (cut(rest, "_ZN")) {
            auto const operation = rest;
            auto const which = cut_operation(rest);
            if (which == which_asio::neither) return;
            constexpr std::string_view completes = "E11do_completeEPv";
            if (auto const end = operation.rfind(completes); end != operation.npos)
                completed_.push_back({symbol, operation.substr(0, end + 1), which});
        }
    }

    /// Some file tracks this Asio.
    void note_tracked(which_asio which) noexcept
    {
        standalone_ |= which == which_asio::standalone;
        boost_ |= which == which_asio::boost;
    }

    /// Whether some file does.
    [[nodiscard]] bool tracks(which_asio which) const noexcept
    {
        return (which == which_asio::standalone && standalone_) || (which == which_asio::boost && boost_);
    }

    /// The type of an operation, demangled, that a file completes without tracking, though other files track that Asio;
    /// "" if there is none, or it can't be told.
    [[nodiscard]] std::string untracked() const
    {
        text_set numbered;
        bool has_read_numbers = false;
        for (completion const& each : completed_) {
            if (!(each.which == which_asio::boost ? boost_ : standalone_) || named_.has(each.operation)) continue;
            if (!has_read_numbers) read_numbers(numbered);
            has_read_numbers = true;
            auto const operation = between(each.symbol, "", "::do_complete(");
            if (!operation.empty() && !numbered.has(operation)) return operation;
        }
        return {};
    }

private:
    struct completion {
        std::string_view symbol;
        std::string_view operation;
        which_asio which;
    };

    static constexpr std::string_view number = "_ZN9loopwatch8exact_v15exact9number_ofI";
    static constexpr std::string_view type_name = "_ZTSN";

    static bool cut(std::string_view& from, std::string_view what) noexcept
    {
        if (!from.starts_with(what)) return false;
        from = from.substr(what.size());
        return true;
    }

    /// The demangled symbol, after the first `after` and before the last `before`; "" if it has no such parts.
    static std::string between(std::string_view symbol, std::string_view after, std::string_view before)
    {
        malloced const text{abi::__cxa_demangle(std::string{symbol}.c_str(), nullptr, nullptr, nullptr)};
        if (text.get() == nullptr) return {};
        std::string_view const all = text.get();
        auto const begin = all.find(after);
        auto end = all.rfind(before);
        if (begin == all.npos || end == all.npos || begin + after.size() > end) return {};
        while (all[end - 1] == ' ') --end;
        return std::string{all.substr(begin + after.size(), end - begin - after.size())};
    }

    void read_numbers(text_set& to) const
    {
        for (std::string_view const each : numbers_) to.add(between(each, "number_of<", ">"));
    }

    text_set named_;
    many<std::string_view> numbers_;
    many<completion> completed_;
    bool standalone_{false};
    bool boost_{false};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
