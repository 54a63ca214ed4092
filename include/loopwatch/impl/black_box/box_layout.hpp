// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../base/view.hpp"
#include "bytes.hpp"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// The file of a black box:
//
//     header      what lies where, and a few numbers that change
//     process     a record: who writes
//     modules     two records in turn: what code lies where
//     places      of blocks under way; each has two records in turn, and what of the latest one changes
//     reports     a ring of records
//
// A process may be killed between any two of its instructions. So each record has its checksum, and of two that are
// written in turn one is always whole. The reader takes the whole ones with the highest numbers; nothing points from
// one part to another.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Where the parts lie, and how large they are; all multiples of a page.
struct box_layout {
    static constexpr std::string_view magic{"LOOPWBOX"};
    static constexpr std::uint32_t version = 1;
    static constexpr std::size_t page = 4096;

    std::size_t process_at{page};
    std::size_t process_size{page};
    std::size_t modules_at{2 * page};
    std::size_t module_size{16 * page};  // of one of the two records
    std::size_t places_at{34 * page};
    std::size_t places{0};
    std::size_t copy_size{4 * page};  // of one of a place's two records, with what changes
    std::size_t reports_at{0};
    std::size_t reports_size{0};

    static box_layout of(std::size_t places, std::size_t reports)
    {
        box_layout l;
        l.places = places;
        l.reports_at = l.places_at + 2 * places * l.copy_size;
        l.reports_size = (reports + page - 1) / page * page;
        return l;
    }
    [[nodiscard]] std::size_t size() const { return reports_at + reports_size; }
    [[nodiscard]] std::size_t copy_at(std::size_t place, std::size_t which) const
    {
        return places_at + (2 * place + which) * copy_size;
    }

    // What changes in the header, each of eight bytes.
    static constexpr std::size_t used_at = 512;    // whether there is anything to be kept
    static constexpr std::size_t closed_at = 520;  // whether the box was closed in order
    static constexpr std::size_t lost_at = 528;    // blocks and reports for which there was no room

    template <typename Bytes>
    static void fields(Bytes& io, field<Bytes, box_layout>& l)
    {
        for (auto* const each : {&l.process_at, &l.process_size, &l.modules_at, &l.module_size, &l.places_at,
                                 &l.copy_size, &l.reports_at, &l.reports_size})
            io.u64(*each);
    }

    void write(view<std::byte> header) const
    {
        byte_writer to{header};
        to.raw(magic.data(), magic.size());
        to.u32(version);
        to.u32(static_cast<std::uint32_t>(places));
        fields(to, *this);
        to.u32(crc32_of(view<std::byte const>{header}.first(to.size())));
    }

    enum class defect { none, no_box, other_version, damaged };

    /// `file`: all of it. What it says lies within the file.
    static defect read(view<std::byte const> file, box_layout& to)
    {
        byte_reader from{file};
        auto const magic_there = from.raw(magic.size());
        if (!from.ok() || std::memcmp(magic_there.data(), magic.data(), magic.size()) != 0) return defect::no_box;
        std::uint32_t const version_there = from.u32();
        if (!from.ok()) return defect::damaged;
        if (version_there != version) return defect::other_version;
        to.places = from.u32();
        fields(from, to);
        std::size_t const size = file.size() - from.left();
        std::uint32_t const sum = from.u32();
        if (!from.ok() || sum != crc32_of(file.first(size))) return defect::damaged;
        return defect::none;
    }
};

/// One record: its head, then what it says. The checksum is of all but itself and the magic number before it.
struct box_record {
    static constexpr std::uint32_t magic = 0x3152574c;  // "LWR1"
    static constexpr std::size_t head = 32;
    static constexpr std::size_t alignment = 32;

    enum class kind : std::uint32_t { process = 1, modules = 2, block = 3, report = 4 };

    std::uint64_t number{0};
    view<std::byte const> content;

    /// The room for what it says. Whatever was there is no record from now on.
    [[nodiscard]] static view<std::byte> begin(view<std::byte> room)
    {
        std::memset(room.data(), 0, sizeof magic);
        return room.subspan(head, room.size() - head);
    }
    static void finish(view<std::byte> room, kind what, std::uint64_t number, std::size_t size)
    {
        byte_writer to{room.first(head)};
        to.u32(0);
        to.u32(0);
        to.u32(static_cast<std::uint32_t>(size));
        to.u32(static_cast<std::uint32_t>(what));
        to.u64(number);
        to.u64(0);
        byte_writer sum{room.subspan(4, 4)};
        sum.u32(crc32_of(view<std::byte const>{room}.subspan(8, head - 8 + size)));
        byte_writer first{room.first(4)};
        first.u32(magic);
    }

    /// The record at the beginning of these bytes, if it is whole.
    static maybe<box_record> read(view<std::byte const> bytes, kind what)
    {
        byte_reader from{bytes};
        if (from.u32() != magic) return nothing;
        std::uint32_t const sum = from.u32();
        std::uint32_t const size = from.u32();
        std::uint32_t const its = from.u32();
        box_record found{from.u64(), {}};
        from.u64();
        if (!from.ok() || its != static_cast<std::uint32_t>(what) || size > from.left()) return nothing;
        found.content = from.raw(size);
        if (crc32_of(bytes.subspan(8, head - 8 + size)) != sum) return nothing;
        return found;
    }
};

/// What of a block under way changes while nothing else does: each of eight bytes, so that none is ever torn.
struct box_block_state {
    static constexpr std::size_t size = 32;

    enum class phase : std::uint64_t { lasts = 0, over = 1, settled = 2 };

    nanoseconds length{};  // at least
    time_point seen_at{};  // the last look
    phase now{phase::lasts};

    static constexpr std::size_t length_at = 0;
    static constexpr std::size_t seen_at_at = 8;
    static constexpr std::size_t phase_at = 16;

    static box_block_state read(view<std::byte const> bytes)
    {
        byte_reader from{bytes};
        box_block_state found;
        found.length = from.length();
        found.seen_at = from.time();
        std::uint64_t const state = from.u64();
        found.now = state > 2 ? phase::lasts : static_cast<phase>(state);
        return found;
    }
};

/// Stores eight bytes at once: a reader sees all of them or none.
inline void store_number(std::byte* at, std::uint64_t value)
{
    if constexpr (std::endian::native == std::endian::big) {
        std::uint64_t turned = 0;
        for (int i = 0; i < 8; ++i) turned = turned << 8 | (value >> 8 * i & 0xff);
        value = turned;
    }
    std::atomic_ref<std::uint64_t>{*reinterpret_cast<std::uint64_t*>(at)}.store(value, std::memory_order_release);
}

[[nodiscard]] inline std::uint64_t stored_number(view<std::byte const> file, std::size_t at)
{
    return byte_reader{file.subspan(at, 8)}.u64();
}

/// Where a box is written: the mapped file, or memory that is copied to it.
class box_memory {
public:
    box_memory(box_memory const&) = delete;
    box_memory& operator=(box_memory const&) = delete;
    virtual ~box_memory() = default;

    /// Zero at first, and aligned to a page.
    [[nodiscard]] virtual view<std::byte> bytes() noexcept = 0;

    /// These were written. Does not wait.
    virtual void changed(std::size_t at, std::size_t size) noexcept = 0;

protected:
    box_memory() = default;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
