// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../base/view.hpp"
#include "../base/wall_clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

// How values are written down in a black box: integers in little-endian order, texts with their length before them. The
// writer never leaves its room, and the reader believes nothing. Both have the same functions, so that fields()
// describes a struct once for both directions: what one is given to write, the other reads to.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

using crc32_tables = fixed<fixed<std::uint32_t, 256>, 8>;

constexpr crc32_tables made_crc32_tables()
{
    crc32_tables all{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320U : crc >> 1;
        all[0][i] = crc;
    }
    for (std::size_t t = 1; t < 8; ++t)
        for (std::size_t i = 0; i < 256; ++i) all[t][i] = all[t - 1][i] >> 8 ^ all[0][all[t - 1][i] & 0xff];
    return all;
}

inline constexpr crc32_tables tables_of_crc32 = made_crc32_tables();

/// CRC-32 of IEEE 802.3, as zlib's, eight bytes at a time.
[[nodiscard]] inline std::uint32_t crc32_of(view<std::byte const> bytes)
{
    auto const& all = tables_of_crc32;
    std::uint32_t crc = ~std::uint32_t{0};
    std::byte const* at = bytes.data();
    std::size_t left = bytes.size();
    auto const word = [](std::byte const* from) {
        auto const byte = [&](int i) { return std::to_integer<std::uint32_t>(from[i]); };
        return byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
    };
    for (; left >= 8; at += 8, left -= 8) {
        std::uint32_t const low = crc ^ word(at);
        std::uint32_t const high = word(at + 4);
        crc = all[7][low & 0xff] ^ all[6][low >> 8 & 0xff] ^ all[5][low >> 16 & 0xff] ^ all[4][low >> 24] ^
              all[3][high & 0xff] ^ all[2][high >> 8 & 0xff] ^ all[1][high >> 16 & 0xff] ^ all[0][high >> 24];
    }
    for (; left > 0; ++at, --left) crc = crc >> 8 ^ all[0][(crc ^ std::to_integer<std::uint32_t>(*at)) & 0xff];
    return ~crc;
}

/// Writes into the room that it is given, and nothing after what did not fit. Allocates nothing.
class byte_writer {
public:
    static constexpr bool reads = false;

    explicit byte_writer(view<std::byte> room) : room_{room} {}

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t left() const { return room_.size() - size_; }
    [[nodiscard]] bool fits() const { return fits_; }

    /// Back to what it was when it had this size.
    void rewind(std::size_t size)
    {
        size_ = size;
        fits_ = true;
    }

    void u8(std::uint8_t value) { number(value, 1); }
    /// Of a larger one the largest.
    void u16(std::size_t value) { number(std::min<std::size_t>(value, 0xffff), 2); }
    void u32(std::uint32_t value) { number(value, 4); }
    void u64(std::uint64_t value) { number(value, 8); }
    void i64(std::int64_t value) { number(static_cast<std::uint64_t>(value), 8); }
    void letter(char value) { u8(static_cast<std::uint8_t>(value)); }
    void flag(bool value) { u8(value ? 1 : 0); }
    void time(time_point at) { i64(std::chrono::duration_cast<nanoseconds>(at.time_since_epoch()).count()); }
    void wall(wall_clock::time_point at) { since_epoch(since_1970(at)); }
    void since_epoch(nanoseconds d) { i64(d.count()); }
    void length(nanoseconds d) { i64(d.count()); }

    template <typename Enum>
    void one_of(Enum value, Enum)
    {
        u8(static_cast<std::uint8_t>(value));
    }
    void count(std::size_t n, std::size_t, std::size_t = 0) { u16(n); }

    /// Of a longer one the beginning.
    void text(std::string_view value, std::size_t most = 4096)
    {
        if (value.size() > most) value = value.substr(0, most);
        u16(value.size());
        raw(value.data(), value.size());
    }
    /// At most 255.
    void some(view<std::byte const> of, std::size_t size)
    {
        size = std::min(size, of.size());
        u8(static_cast<std::uint8_t>(size));
        raw(of.data(), size);
    }

    /// One more element of a list, or nothing if not so many bytes would be left to what follows.
    template <typename Write>
    bool add(std::size_t reserve, Write element)
    {
        std::size_t const before = size_;
        flag(true);
        element();
        if (fits_ && left() >= reserve) return true;
        rewind(before);
        return false;
    }

    void raw(void const* from, std::size_t size)
    {
        fits_ = fits_ && size <= room_.size() - size_;
        if (!fits_ || size == 0) return;
        std::memcpy(room_.data() + size_, from, size);
        size_ += size;
    }

private:
    void number(std::uint64_t value, std::size_t size)
    {
        fits_ = fits_ && size <= room_.size() - size_;
        if (!fits_) return;
        for (std::size_t i = 0; i < size; ++i) room_[size_ + i] = static_cast<std::byte>(value >> 8 * i & 0xff);
        size_ += size;
    }

    view<std::byte> room_;
    std::size_t size_{0};
    bool fits_{true};
};

/// Reads what byte_writer has written. Beyond the end everything is zero and empty, and ok() is false.
class byte_reader {
public:
    static constexpr bool reads = true;

    explicit byte_reader(view<std::byte const> bytes) : left_{bytes} {}

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] std::size_t left() const { return left_.size(); }

    std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
    std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
    std::uint64_t u64() { return number(8); }
    std::int64_t i64() { return static_cast<std::int64_t>(number(8)); }
    bool flag() { return u8() != 0; }
    // Within bounds, so that what is computed with them does not overflow: for times some decades, for lengths a year.
    time_point time() { return time_point{within(std::int64_t{1} << 61)}; }
    nanoseconds since_epoch() { return within(std::int64_t{1} << 61); }
    nanoseconds length() { return within(longest.count()); }
    static constexpr nanoseconds longest{std::int64_t{1} << 55};

    std::string_view text()
    {
        auto const bytes = raw(u16());
        return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    }
    view<std::byte const> raw(std::size_t size)
    {
        if (!take(size)) return {};
        view<std::byte const> const taken = left_.first(size);
        left_ = left_.subspan(size, left_.size() - size);
        return taken;
    }

    /// An enumerator, if it is none beyond the last.
    template <typename Enum>
    Enum one_of(Enum last)
    {
        auto const value = u8();
        if (value > static_cast<std::uint8_t>(last)) ok_ = false;
        return ok_ ? static_cast<Enum>(value) : Enum{};
    }

    /// How many elements follow, of which each has at least so many bytes.
    std::size_t count(std::size_t each)
    {
        std::size_t const n = u16();
        if (n > left() / each) ok_ = false;
        return ok_ ? n : 0;
    }

    // What byte_writer has.

    template <typename T>
    void u16(T& to)
    {
        to = static_cast<T>(u16());
    }
    template <typename T>
    void u64(T& to)
    {
        to = static_cast<T>(u64());
    }
    template <typename T>
    void i64(T& to)
    {
        to = static_cast<T>(i64());
    }
    void u32(std::uint32_t& to) { to = u32(); }
    void letter(char& to) { to = static_cast<char>(u8()); }
    void flag(bool& to) { to = flag(); }
    void time(time_point& to) { to = time(); }
    void wall(wall_clock::time_point& to) { to = wall_time(since_epoch()); }
    void since_epoch(nanoseconds& to) { to = since_epoch(); }
    void length(nanoseconds& to) { to = length(); }
    template <typename Enum>
    void one_of(Enum& to, Enum last)
    {
        to = one_of(last);
    }
    void count(std::size_t& to, std::size_t each, std::size_t most = ~std::size_t{0})
    {
        to = std::min(count(each), most);
    }
    template <typename Text>
    void text(Text& to, std::size_t = 0)
    {
        to = text();
    }
    void some(view<std::byte> to, std::size_t& size)
    {
        auto const bytes = raw(u8());
        size = std::min(bytes.size(), to.size());
        for (std::size_t i = 0; i < size; ++i) to[i] = bytes[i];
    }

private:
    nanoseconds within(std::int64_t most)
    {
        std::int64_t const value = i64();
        return nanoseconds{value > most ? most : value < -most ? -most : value};
    }
    bool take(std::size_t size)
    {
        if (size > left_.size()) ok_ = false;
        return ok_;
    }
    std::uint64_t number(std::size_t size)
    {
        std::uint64_t value = 0;
        auto const bytes = raw(size);
        for (std::size_t i = 0; i < bytes.size(); ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << 8 * i;
        return value;
    }

    view<std::byte const> left_;
    bool ok_{true};
};

/// A struct as fields() is given it. What is read to is new: what was not written keeps its defaults.
template <typename Bytes, typename T>
using field = std::conditional_t<Bytes::reads, T, T const>;

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
