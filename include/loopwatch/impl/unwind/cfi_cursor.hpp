// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "foreign_memory_linux.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A range of call frame information (CFI), at its address in the process.
struct cfi_bytes {
    std::uintptr_t at{0};
    std::size_t size{0};

    [[nodiscard]] std::uintptr_t end() const { return at + size; }
};

/// Reads forward through a range of foreign memory. Beyond its end, or where memory is unmapped, it returns zeros and
/// stays bad: one check of good() after a series of reads is enough.
class cfi_cursor {
public:
    cfi_cursor(foreign_memory& memory, cfi_bytes range) : memory_{&memory}, at_{range.at}, end_{range.end()} {}

    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] bool more() const { return good_ && at_ < end_; }
    [[nodiscard]] std::uintptr_t at() const { return at_; }
    [[nodiscard]] std::size_t left() const { return end_ - at_; }

    template <typename T>
    T take()
    {
        static_assert(std::is_integral_v<T>);
        T value{};
        if (!good_ || left() < sizeof value || !memory_->get(at_, value)) {
            fail();
            return T{};
        }
        at_ += sizeof value;
        return value;
    }

    void skip(std::uint64_t count)
    {
        if (!good_ || left() < count)
            fail();
        else
            at_ += count;
    }

    /// For a branch in an expression; fails outside of [begin, end of the range].
    void jump_to(std::uintptr_t target, std::uintptr_t begin)
    {
        if (target < begin || target > end_)
            fail();
        else
            at_ = target;
    }

    /// A block, preceded by its length as ULEB128.
    cfi_bytes take_block()
    {
        std::uint64_t const size = take_unsigned();
        cfi_bytes const block{at_, static_cast<std::size_t>(size)};
        skip(size);
        return good_ ? block : cfi_bytes{};
    }

    std::uint64_t take_unsigned()  // ULEB128
    {
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            auto const byte = take<std::uint8_t>();
            if (shift < 64) value |= std::uint64_t{byte & 0x7fU} << shift;
            if ((byte & 0x80) == 0) return value;
        }
    }

    std::int64_t take_signed()  // SLEB128
    {
        std::uint64_t value = 0;
        for (unsigned shift = 0;;) {
            auto const byte = take<std::uint8_t>();
            if (shift < 64) value |= std::uint64_t{byte & 0x7fU} << shift;
            shift += 7;
            if ((byte & 0x80) != 0) continue;
            if (shift < 64 && (byte & 0x40) != 0) value |= ~std::uint64_t{0} << shift;
            return static_cast<std::int64_t>(value);
        }
    }

    /// A pointer in one of the encodings DW_EH_PE_* (Linux Standard Base, Core, 10.5.1). `data_base` is the base of
    /// data-relative ones: the address of the .eh_frame_hdr.
    std::uintptr_t take_pointer(std::uint8_t encoding, std::uintptr_t data_base = 0)
    {
        if (encoding == omitted) return 0;
        if (encoding == aligned) {
            skip((8 - (at_ & 7)) & 7);
            return take<std::uint64_t>();
        }
        std::uintptr_t const here = at_;
        std::uint64_t value = take_number(encoding & 0x0f);
        // As in libgcc, a null pointer stays null, whatever it is relative to.
        if (!good_ || value == 0) return value;
        switch (encoding & 0x70) {
            case 0x00: break;
            case 0x10: value += here; break;
            case 0x30: value += data_base; break;
            default: fail(); return 0;
        }
        if ((encoding & indirect) != 0 && !memory_->get(value, value)) fail();
        return good_ ? value : 0;
    }

    static constexpr std::uint8_t omitted = 0xff;
    static constexpr std::uint8_t aligned = 0x50;
    static constexpr std::uint8_t indirect = 0x80;

private:
    std::uint64_t take_number(unsigned format)
    {
        switch (format) {
            case 0x00:
            case 0x04:
            case 0x0c: return take<std::uint64_t>();
            case 0x01: return take_unsigned();
            case 0x02: return take<std::uint16_t>();
            case 0x03: return take<std::uint32_t>();
            case 0x09: return static_cast<std::uint64_t>(take_signed());
            case 0x0a: return static_cast<std::uint64_t>(std::int64_t{take<std::int16_t>()});
            case 0x0b: return static_cast<std::uint64_t>(std::int64_t{take<std::int32_t>()});
            default: fail(); return 0;
        }
    }

    void fail()
    {
        good_ = false;
        at_ = end_;
    }

    foreign_memory* memory_;
    std::uintptr_t at_;
    std::uintptr_t end_;
    bool good_{true};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
