// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../platform/thread.hpp"
#include "proc_text.hpp"
#include "reading.hpp"
#include "thread_files_linux.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Reads the kernel's counters of the process and the machine. Used under the watchdog's mutex; takes tens of
/// microseconds. Allocates nothing and keeps errno.
class process_reader {
public:
    /// Where systemd and containers mount cgroups, and the file that names those of the process. Tests pass others; the
    /// strings must outlive this object.
    explicit process_reader(std::string_view mounted_at = "/sys/fs/cgroup", char const* own = "/proc/self/cgroup")
        : cgroups_{mounted_at}, own_{own}
    {
    }

    /// Takes 1 us.
    static process_counters counters()
    {
        kept_errno const keep;
        rusage used{};
        if (::getrusage(RUSAGE_SELF, &used) != 0) return {};
        auto const number = [](long value) { return static_cast<std::uint64_t>(value); };
        return {true, number(used.ru_nvcsw), number(used.ru_nivcsw), number(used.ru_majflt)};
    }

    void read(process_reading& to)
    {
        kept_errno const keep;
        if (pid_t const now = ::getpid(); now != process_) {
            // In the child of a fork the open files still show the parent.
            process_ = now;
            status_.close();
            throttling_.close();
            untold_ = false;
        }
        to = {};
        to.at = clock::now();
        to.counters = counters();
        fixed<char, 4096> buffer;
        to.runnable = parse_runnable(text_of(load_, "/proc/loadavg", buffer));
        to.processors = count_processors();
        unsigned const ours = library_threads::count();
        std::string_view const status = text_of(status_, "/proc/self/status", buffer);
        to.tracer = static_cast<long>(number_after(status, "TracerPid:").value_or(0));
        // One of ours that begins or ends meanwhile counts as the program's.
        auto const threads = static_cast<unsigned>(number_after(status, "Threads:").value_or(0));
        unsigned const own = std::min(ours, library_threads::count());
        to.threads = threads > own ? threads - own : 0;
        if (auto const time = throttled(buffer)) {
            to.has_throttling = true;
            to.throttled = *time;
        }
    }

private:
    using text_buffer = fixed<char, 4096>;

    /// "" if it can't be read.
    static std::string_view text_of(kept_file& file, char const* path, text_buffer& buffer)
    {
        for (int i = 0; i < 2; ++i) {
            long const size = file.is_open() ? file.read(buffer) : 0;
            if (size > 0) return {buffer.data(), static_cast<std::size_t>(size)};
            if (i > 0 || !file.open(path)) break;
        }
        return {};
    }

    static unsigned count_processors()
    {
        // The kernel refuses a set smaller than its own. No distribution's kernel supports more than 4096 processors.
        fixed<unsigned long, 4096 / (8 * sizeof(unsigned long))> set{};
        auto* const bits = reinterpret_cast<cpu_set_t*>(set.data());
        if (::sched_getaffinity(0, sizeof set, bits) != 0) return 0;
        return static_cast<unsigned>(CPU_COUNT_S(sizeof set, bits));
    }

    maybe<nanoseconds> throttled(text_buffer& buffer)
    {
        if (throttling_.is_open())
            if (long const size = throttling_.read(buffer); size > 0)
                return parse_throttling({buffer.data(), static_cast<std::size_t>(size)});
        // The cgroup or the descriptor may be gone: searches again. Where nothing was found it is not repeated, for a
        // search tries to open dozens of files.
        if (untold_) return nothing;
        auto const found = find_throttling(buffer);
        untold_ = !found;
        return found;
    }

    maybe<nanoseconds> find_throttling(text_buffer& buffer)
    {
        fixed<char, 8192> text;  // a container in cgroup v1 has a dozen lines with long paths
        kept_file file;
        if (!file.open(own_)) return nothing;
        long const size = file.read(text);
        if (size <= 0) return nothing;
        std::string_view const groups{text.data(), static_cast<std::size_t>(size)};
        // The controller is either in a v1 hierarchy or in the v2 one, never in both.
        if (auto const path = parse_cgroup(groups, "cpu"))
            for (std::string_view const mount : {"/cpu", "/cpu,cpuacct"})
                if (auto const time = find_upwards(mount, *path, buffer)) return time;
        if (auto const path = parse_cgroup(groups, ""))
            for (std::string_view const mount : {"", "/unified"})
                if (auto const time = find_upwards(mount, *path, buffer)) return time;
        return nothing;
    }

    /// The throttling of the innermost group that has a cpu.stat: in a container the path may be valid only outside.
    maybe<nanoseconds> find_upwards(std::string_view mount, std::string_view path, text_buffer& buffer)
    {
        fixed<char, 2048> name;
        while (true) {
            while (path.ends_with('/')) path.remove_suffix(1);
            std::size_t size = 0;
            for (std::string_view const part : {cgroups_, mount, path, std::string_view{"/cpu.stat"}}) {
                if (size + part.size() >= name.size()) return nothing;
                size += part.copy(name.data() + size, part.size());
            }
            name[size] = '\0';
            if (throttling_.open(name.data()))
                if (long const got = throttling_.read(buffer); got > 0)
                    if (auto const time = parse_throttling({buffer.data(), static_cast<std::size_t>(got)})) return time;
            throttling_.close();
            if (path.empty()) return nothing;
            path = path.substr(0, path.rfind('/'));
        }
    }

    std::string_view cgroups_;
    char const* own_;
    kept_file load_;
    kept_file status_;
    kept_file throttling_;
    bool untold_{false};  // no cgroup tells of throttling
    pid_t process_{::getpid()};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
