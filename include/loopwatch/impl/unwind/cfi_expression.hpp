// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/fixed.hpp"
#include "cfi_cursor.hpp"
#include "foreign_memory_linux.hpp"
#include "registers.hpp"
#include "stack_view.hpp"

#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The result of an expression, or of a rule for a register.
struct cfi_value {
    enum class state : std::uint8_t {
        known,
        unknown_register,  // it needs the register `number`, which is not known
        unreadable,        // it needs the memory at `value`, which is not in the copied stack
        damaged
    };

    state is{state::damaged};
    std::uint64_t value{0};
    std::uint64_t number{0};

    [[nodiscard]] bool known() const { return is == state::known; }

    static cfi_value of(std::uint64_t value) { return {state::known, value, 0}; }
    static cfi_value unknown(std::uint64_t number) { return {state::unknown_register, 0, number}; }
    static cfi_value unreadable(std::uint64_t at) { return {state::unreadable, at, 0}; }
};

/// The stack machine of DWARF expressions (DWARF 5, 2.5), with the operations that are allowed in CFI.
class cfi_expression {
public:
    cfi_expression(foreign_memory& memory, registers const& values, stack_view const& stack)
        : memory_{&memory}, values_{&values}, view_{&stack}
    {
    }

    /// `first` is pushed before the first operation: the CFA, for the rule of a register.
    [[nodiscard]] cfi_value evaluate(cfi_bytes expression, maybe<std::uint64_t> first = {})
    {
        constexpr unsigned max_steps = 1000;  // branches can form a loop
        size_ = 0;
        failure_ = {};
        if (first) push(*first);
        cfi_cursor in{*memory_, expression};
        for (unsigned steps = 0; in.more(); ++steps)
            if (steps == max_steps || !run_one(in, expression.at) || !in.good()) return failure_;
        if (size_ == 0 || !in.good()) return {};
        return cfi_value::of(stack_[size_ - 1]);
    }

private:
    bool run_one(cfi_cursor& in, std::uintptr_t begin)
    {
        auto const op = in.take<std::uint8_t>();
        if (op >= 0x30 && op <= 0x4f) return push(op - 0x30U);                             // lit0...
        if (op >= 0x50 && op <= 0x6f) return push_register(op - 0x50U, 0);                 // reg0...
        if (op >= 0x70 && op <= 0x8f) return push_register(op - 0x70U, in.take_signed());  // breg0...
        if (op == 0x92) {                                                                  // bregx
            std::uint64_t const number = in.take_unsigned();
            return push_register(number, in.take_signed());
        }
        if (op == 0x28 || op == 0x2f) return branch(in, op == 0x28, begin);  // bra, skip
        if (op == 0x06) return dereference(8);
        if (op == 0x94) return dereference(in.take<std::uint8_t>());  // deref_size
        if (op == 0x96) return true;                                  // nop
        if (op == 0x03 || (op >= 0x08 && op <= 0x11)) return push(constant(in, op));
        if (op >= 0x12 && op <= 0x17) return shuffle(in, op);
        if (op == 0x19 || op == 0x1f || op == 0x20 || op == 0x23) return unary(in, op);
        return binary(op);
    }

    static std::uint64_t constant(cfi_cursor& in, unsigned op)
    {
        auto const extended = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
        switch (op) {
            case 0x08: return in.take<std::uint8_t>();
            case 0x09: return extended(in.take<std::int8_t>());
            case 0x0a: return in.take<std::uint16_t>();
            case 0x0b: return extended(in.take<std::int16_t>());
            case 0x0c: return in.take<std::uint32_t>();
            case 0x0d: return extended(in.take<std::int32_t>());
            case 0x10: return in.take_unsigned();
            case 0x11: return extended(in.take_signed());
            default: return in.take<std::uint64_t>();  // addr, const8u, const8s
        }
    }

    bool shuffle(cfi_cursor& in, unsigned op)
    {
        switch (op) {
            case 0x12: return pick(0);  // dup
            case 0x13:                  // drop
                if (size_ == 0) return false;
                --size_;
                return true;
            case 0x14: return pick(1);  // over
            case 0x15: return pick(in.take<std::uint8_t>());
            default: {  // swap; rot: the top goes below the two others
                std::size_t const places = op == 0x16 ? 2 : 3;
                if (size_ < places) return false;
                std::uint64_t const top = stack_[size_ - 1];
                for (std::size_t i = 1; i < places; ++i) stack_[size_ - i] = stack_[size_ - i - 1];
                stack_[size_ - places] = top;
                return true;
            }
        }
    }

    bool unary(cfi_cursor& in, unsigned op)
    {
        if (size_ == 0) return false;
        std::uint64_t& top = stack_[size_ - 1];
        if (op == 0x23)
            top += in.take_unsigned();  // plus_uconst
        else if (op == 0x20)
            top = ~top;  // not
        else if (op == 0x1f || to_signed(top) < 0)
            top = 0 - top;  // neg, abs
        return true;
    }

    bool binary(unsigned op)
    {
        if (size_ < 2) return false;
        std::uint64_t const b = stack_[--size_];
        std::uint64_t& a = stack_[size_ - 1];
        switch (op) {
            case 0x1a: a &= b; return true;
            case 0x1b:  // div: INT64_MIN / -1 would trap
                if (b == 0) return false;
                a = b == ~std::uint64_t{0} ? 0 - a : static_cast<std::uint64_t>(to_signed(a) / to_signed(b));
                return true;
            case 0x1c: a -= b; return true;
            case 0x1d:  // mod
                if (b == 0) return false;
                a %= b;
                return true;
            case 0x1e: a *= b; return true;
            case 0x21: a |= b; return true;
            case 0x22: a += b; return true;
            case 0x24: a = b < 64 ? a << b : 0; return true;
            case 0x25: a = b < 64 ? a >> b : 0; return true;
            case 0x26: a = static_cast<std::uint64_t>(to_signed(a) >> (b < 64 ? b : 63)); return true;
            case 0x27: a ^= b; return true;
            case 0x29: a = a == b; return true;
            case 0x2a: a = to_signed(a) >= to_signed(b); return true;
            case 0x2b: a = to_signed(a) > to_signed(b); return true;
            case 0x2c: a = to_signed(a) <= to_signed(b); return true;
            case 0x2d: a = to_signed(a) < to_signed(b); return true;
            case 0x2e: a = a != b; return true;
            default: return false;
        }
    }

    bool branch(cfi_cursor& in, bool conditional, std::uintptr_t begin)
    {
        auto const distance = in.take<std::int16_t>();
        if (conditional && size_ == 0) return false;
        if (conditional && stack_[--size_] == 0) return true;
        in.jump_to(in.at() + static_cast<std::uint64_t>(std::int64_t{distance}), begin);
        return true;
    }

    bool dereference(std::size_t size)
    {
        if (size_ == 0 || size == 0 || size > 8) return false;
        std::uint64_t& top = stack_[size_ - 1];
        if (view_->read(top, top, size)) return true;
        failure_ = cfi_value::unreadable(top);
        return false;
    }

    bool push_register(std::uint64_t number, std::int64_t offset)
    {
        if (values_->knows(number)) return push((*values_)[number] + static_cast<std::uint64_t>(offset));
        failure_ = cfi_value::unknown(number);
        return false;
    }

    bool pick(std::size_t depth) { return depth < size_ && push(stack_[size_ - 1 - depth]); }

    bool push(std::uint64_t value)
    {
        if (size_ == stack_.size()) return false;
        stack_[size_++] = value;
        return true;
    }

    static std::int64_t to_signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }

    foreign_memory* memory_;
    registers const* values_;
    stack_view const* view_;
    fixed<std::uint64_t, 64> stack_;
    std::size_t size_{0};
    cfi_value failure_{};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
