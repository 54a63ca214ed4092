// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../symbolize/module_place.hpp"
#include "bytes.hpp"

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

template <typename Bytes>
void fields(Bytes& io, field<Bytes, recorded_process>& p)
{
    io.i64(p.id);
    for (auto* const each : {&p.program, &p.host, &p.library_version, &p.machine}) io.text(*each, 800);
    io.since_epoch(p.opened_at_wall);
    io.time(p.opened_at);
    io.flag(p.copied);
}

template <typename Bytes>
void fields(Bytes& io, field<Bytes, module_place>& m)
{
    io.text(m.file);
    for (auto* const each : {&m.begin, &m.end, &m.bias}) io.u64(*each);
    io.text(m.build_id, 64);
    io.flag(m.is_program);
}

/// As many as there is room for.
inline void write(byte_writer& to, view<module_place const> modules)
{
    for (module_place const& m : modules)
        if (!to.add(1, [&] { fields(to, m); })) break;
    to.flag(false);
}
inline void read(byte_reader& from, many<module_place>& modules)
{
    while (from.ok() && from.flag()) fields(from, modules.emplace_back());
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
