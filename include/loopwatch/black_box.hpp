// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "detail/config.hpp"
#include "detail/shared.hpp"
#include "monitor.hpp"

#include <cstddef>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

namespace detail {

class block_recorder;

}  // namespace detail

/// How much a black box holds. Its file, and its memory, take 32 KB for each block under way, the bytes for reports,
/// and 136 KB.
struct black_box_size {
    /// How many loops that are blocked at once are recorded. Those that come then are counted only. 1 to 10000.
    std::size_t blocks{32};

    /// Bytes for the last reports: each takes 2 to 10 KB, most of it names. 65536 to 1 GB.
    std::size_t reports{std::size_t{1} << 20};
};

/// A file that tells what blocked the loops when the process was killed, by SIGKILL, by _exit() or for want of memory:
/// each block under way, as soon as its stack was taken, and the last reports. `loopwatch-read FILE` prints it, and
/// read_black_box.hpp reads it.
///
///     loopwatch::monitor monitor{{.threshold = 100ms}};
///     monitor.record_to(loopwatch::black_box{"/run/api/loopwatch.box"});
///
/// The file is made anew by each process, readable by its owner only. What the one before has left becomes FILE.1, if
/// it tells of anything: a supervisor may start the service anew at once. Best it is on a file system in memory (/run,
/// /dev/shm): then the watchdog writes to it as to any memory. On a disk a thread does, so that the watchdog never
/// waits for that; and a process that is killed within its milliseconds leaves what the file has by then. Nothing is
/// forced to a disk, so a power failure may take the last half minute. No other program may make the file shorter
/// (truncate, log rotation with copytruncate): in memory a store to what is gone raises SIGBUS.
///
/// Not on platforms other than Linux. A value that is cheap to copy: copies share the box, which closes with the last
/// one and with the monitors that record to it. The child of a fork does not write to it.
///
/// Thread safety: as for a std::shared_ptr.
class black_box {
public:
    /// Makes the file. `file`: its folder must exist.
    ///
    /// Throws: std::system_error that names the file: it can't be made, there is no room for it, another process or
    /// this one records to it already, there is a file of that name that is no black box, or this platform has none;
    /// std::invalid_argument that names a field of the size; std::bad_alloc. Cost to the loops: none.
    explicit black_box(std::string const& file, black_box_size size = {});

    black_box(black_box const& other) noexcept;             ///< Shares it. Throws: nothing.
    black_box(black_box&& other) noexcept;                  ///< `other` may be assigned to. Throws: nothing.
    black_box& operator=(black_box const& other) noexcept;  ///< Shares that one. Throws: nothing.
    black_box& operator=(black_box&& other) noexcept;       ///< `other` may be assigned to. Throws: nothing.
    ~black_box();

private:
    friend class monitor;

    detail::shared<detail::block_recorder> recorder_;
};

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

// Not part of the core's implementation: only files that include this header compile it.
#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/black_box.hpp"
#endif
