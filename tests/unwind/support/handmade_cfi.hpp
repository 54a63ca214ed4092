// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <loopwatch/impl/unwind/cfi_cursor.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

namespace handmade {

/// Bytes, written by hand. They are read as the unwinder reads everything: through foreign_memory, from our own
/// process.
class bytes {
public:
    bytes() { data_.reserve(4096); }  // addresses of what is in it stay valid
    bytes(std::initializer_list<int> values) : bytes() { add(values); }

    bytes& add(std::initializer_list<int> values)
    {
        for (int v : values) data_.push_back(static_cast<std::uint8_t>(v));
        return *this;
    }
    template <typename T>
    bytes& number(T value)
    {
        std::uint8_t raw[sizeof value];
        std::memcpy(raw, &value, sizeof value);
        data_.insert(data_.end(), raw, raw + sizeof value);
        return *this;
    }
    bytes& text(char const* t)
    {
        data_.insert(data_.end(), t, t + std::strlen(t) + 1);
        return *this;
    }
    bytes& unsigned_leb(std::uint64_t value)
    {
        do {
            auto const low = static_cast<std::uint8_t>(value & 0x7f);
            value >>= 7;
            data_.push_back(static_cast<std::uint8_t>(low | (value != 0 ? 0x80 : 0)));
        } while (value != 0);
        return *this;
    }
    bytes& signed_leb(std::int64_t value)
    {
        for (;;) {
            auto const low = static_cast<std::uint8_t>(value & 0x7f);
            value >>= 7;
            bool const last = (value == 0 && (low & 0x40) == 0) || (value == -1 && (low & 0x40) != 0);
            data_.push_back(static_cast<std::uint8_t>(low | (last ? 0 : 0x80)));
            if (last) return *this;
        }
    }
    template <typename T>
    bytes& patch(std::size_t at, T value)
    {
        std::memcpy(data_.data() + at, &value, sizeof value);
        return *this;
    }

    [[nodiscard]] std::size_t size() const { return data_.size(); }
    [[nodiscard]] std::uintptr_t at(std::size_t offset = 0) const
    {
        return reinterpret_cast<std::uintptr_t>(data_.data()) + offset;
    }
    [[nodiscard]] loopwatch::detail::cfi_bytes all() const { return {at(), size()}; }

private:
    std::vector<std::uint8_t> data_;
};

/// An .eh_frame of one CIE and one FDE for [begin, end), as gcc writes it. Returns the FDE's offset.
inline std::size_t eh_frame(bytes& to, char const* augmentation, std::uintptr_t begin, std::uint32_t length,
                            bytes const& initial, bytes const& program, int return_column)
{
    auto const append = [&](bytes const& from) {
        for (std::size_t i = 0; i < from.size(); ++i) to.add({*reinterpret_cast<std::uint8_t const*>(from.at(i))});
    };
    std::string const letters = augmentation;
    std::size_t const cie = to.size();
    to.number(std::uint32_t{0}).number(std::uint32_t{0}).add({1}).text(augmentation);
    to.unsigned_leb(1).signed_leb(-8).add({return_column});
    if (!letters.empty()) {
        to.unsigned_leb(letters.find('R') != std::string::npos ? 1 : 0);
        if (letters.find('R') != std::string::npos) to.add({0x00});  // absolute addresses
    }
    append(initial);
    to.patch(cie, static_cast<std::uint32_t>(to.size() - cie - 4));
    std::size_t const fde = to.size();
    to.number(std::uint32_t{0}).number(static_cast<std::uint32_t>(fde + 4 - cie));
    to.number(std::uint64_t{begin}).number(std::uint64_t{length});
    if (!letters.empty()) to.unsigned_leb(0);
    append(program);
    to.patch(fde, static_cast<std::uint32_t>(to.size() - fde - 4));
    to.number(std::uint32_t{0});
    return fde;
}

}  // namespace handmade
