// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "cfi_expression.hpp"
#include "cfi_row.hpp"
#include "foreign_memory_linux.hpp"
#include "registers.hpp"
#include "stack_view.hpp"

#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Applies the rules of a row to the registers of a frame.
class frame_rules {
public:
    frame_rules(foreign_memory& memory, stack_view const& stack, cfi_row const& row, registers const& values)
        : memory_{&memory}, stack_{&stack}, row_{&row}, values_{&values}
    {
    }

    [[nodiscard]] cfi_value cfa() const
    {
        if (row_->cfa_by_expression) return cfi_expression{*memory_, *values_, *stack_}.evaluate(row_->cfa_expression);
        if (!values_->knows(row_->cfa_register)) return cfi_value::unknown(row_->cfa_register);
        return cfi_value::of((*values_)[row_->cfa_register] + static_cast<std::uint64_t>(row_->cfa_offset));
    }

    /// The caller's value of a register.
    [[nodiscard]] cfi_value caller(unsigned number, std::uintptr_t cfa) const
    {
        cfi_rule const& rule = row_->rules[number];
        std::uint64_t const offset = cfa + static_cast<std::uint64_t>(rule.offset);
        switch (rule.how) {
            case cfi_rule::kind::undefined: return cfi_value::unknown(number);
            case cfi_rule::kind::unspecified:
            case cfi_rule::kind::same: return current(number);
            case cfi_rule::kind::in_register: return current(static_cast<std::uint64_t>(rule.offset));
            case cfi_rule::kind::is_offset: return cfi_value::of(offset);
            case cfi_rule::kind::at_offset: return loaded(offset);
            case cfi_rule::kind::at_expression:
            case cfi_rule::kind::is_expression: break;
        }
        cfi_value const value = cfi_expression{*memory_, *values_, *stack_}.evaluate(rule.expression, cfa);
        return value.known() && rule.in_memory() ? loaded(value.value) : value;
    }

private:
    [[nodiscard]] cfi_value current(std::uint64_t number) const
    {
        return values_->knows(number) ? cfi_value::of((*values_)[number]) : cfi_value::unknown(number);
    }

    [[nodiscard]] cfi_value loaded(std::uintptr_t at) const
    {
        std::uint64_t value = 0;
        return stack_->read(at, value) ? cfi_value::of(value) : cfi_value::unreadable(at);
    }

    foreign_memory* memory_;
    stack_view const* stack_;
    cfi_row const* row_;
    registers const* values_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
