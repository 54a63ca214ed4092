// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../symbolize/module_place.hpp"
#include "bytes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Who has written a black box.
struct recorded_process {
    std::int64_t id{0};
    std::string program;
    std::string host;
    std::string library_version;  // loopwatch's
    std::string machine;          // "x86_64", ...: it names system calls by numbers
    nanoseconds opened_at_wall{};
    time_point opened_at{};
    bool copied{false};  // the file is not in memory, and a thread wrote it
};

inline void write(byte_writer& to, recorded_process const& p)
{
    to.i64(p.id);
    for (std::string const* const each : {&p.program, &p.host, &p.library_version, &p.machine}) to.text(*each, 800);
    to.since_epoch(p.opened_at_wall);
    to.time(p.opened_at);
    to.flag(p.copied);
}
inline bool read(byte_reader& from, recorded_process& p)
{
    p.id = from.i64();
    for (std::string* const each : {&p.program, &p.host, &p.library_version, &p.machine}) *each = from.text();
    p.opened_at_wall = from.since_epoch();
    p.opened_at = from.time();
    p.copied = from.flag();
    return from.ok();
}

/// As many as there is room for.
inline void write(byte_writer& to, view<module_place const> modules)
{
    for (module_place const& m : modules) {
        std::size_t const before = to.size();
        to.flag(true);
        to.text(m.file);
        for (std::uintptr_t const each : {m.begin, m.end, m.bias}) to.u64(each);
        to.text(m.build_id, 64);
        to.flag(m.is_program);
        if (to.fits() && to.left() > 0) continue;
        to.rewind(before);
        break;
    }
    to.flag(false);
}
inline bool read(byte_reader& from, many<module_place>& modules)
{
    while (from.ok() && from.flag()) {
        module_place& m = modules.emplace_back();
        m.file = from.text();
        for (std::uintptr_t* const each : {&m.begin, &m.end, &m.bias}) *each = static_cast<std::uintptr_t>(from.u64());
        m.build_id = from.text();
        m.is_program = from.flag();
    }
    return from.ok();
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
