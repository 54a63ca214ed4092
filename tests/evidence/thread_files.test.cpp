// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "waiting_thread.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace loopwatch::detail;

namespace {

/// Runs it in a child, whose descriptors are its own to close. Returns what it returns.
template <typename Work>
int in_child(Work work)
{
    pid_t const child = ::fork();
    if (child == 0) ::_exit(work());
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string read_text(thread_files& files, thread_number thread, proc_file kind)
{
    std::array<char, 4096> buffer;
    return std::string{files.read(thread, kind, buffer)};
}

int lowest_free()
{
    int const fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(fd);
    return fd;
}

struct status_of {
    struct stat s{};
    explicit status_of(int fd) { ok = ::fstat(fd, &s) == 0; }
    bool ok;
    bool operator==(status_of const& other) const
    {
        return ok && other.ok && s.st_ino == other.s.st_ino && s.st_dev == other.s.st_dev;
    }
};

}  // namespace

TEST_CASE("files stay open, and are read anew each time", "[thread_files]")
{
    thread_files files{100};
    auto const me = this_thread_number();
    std::string const first = read_text(files, me, proc_file::schedstat);
    CHECK(files.size() == 1);
    int const free = lowest_free();
    std::string later = first;
    while (later == first) {
        std::this_thread::yield();
        later = read_text(files, me, proc_file::schedstat);
    }
    CHECK(files.size() == 1);
    CHECK(lowest_free() == free);
    CHECK(read_text(files, me, proc_file::stat).starts_with(std::to_string(me) + " ("));
    CHECK(files.size() == 2);
}

TEST_CASE("they are closed in the end, and are not inherited by other programs", "[thread_files]")
{
    int const before = lowest_free();
    {
        thread_files files{100};
        CHECK_FALSE(read_text(files, this_thread_number(), proc_file::stat).empty());
        CHECK(lowest_free() == before + 1);
        CHECK((::fcntl(before, F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK(lowest_free() == before);
}

TEST_CASE("of a thread that has ended nothing is read, and nothing is kept", "[thread_files]")
{
    thread_files files{100};
    std::atomic<bool> stop{false};
    waiting_thread thread{[&] {
        while (!stop) std::this_thread::yield();
    }};
    for (proc_file const kind : {proc_file::schedstat, proc_file::stat, proc_file::syscall})
        CHECK_FALSE(read_text(files, thread.number(), kind).empty());
    CHECK(files.size() == 3);
    stop = true;
    thread.join();
    // A joined thread may still be on its way out of the kernel's lists.
    while (::access(("/proc/self/task/" + std::to_string(thread.number())).c_str(), F_OK) == 0)
        std::this_thread::yield();
    errno = 1234;
    CHECK(read_text(files, thread.number(), proc_file::schedstat).empty());
    CHECK(errno == 1234);
    CHECK(files.size() == 0);
}

TEST_CASE("of threads that come and go only few keep their files", "[thread_files]")
{
    thread_files files{1000};
    CHECK_FALSE(read_text(files, this_thread_number(), proc_file::stat).empty());
    std::size_t most = 0;
    for (int i = 0; i < 200; ++i) {
        std::atomic<bool> stop{false};
        waiting_thread thread{[&] {
            while (!stop) std::this_thread::yield();
        }};
        CHECK_FALSE(read_text(files, thread.number(), proc_file::schedstat).empty());
        stop = true;
        thread.join();
        while (::access(("/proc/self/task/" + std::to_string(thread.number())).c_str(), F_OK) == 0)
            std::this_thread::yield();
        most = std::max(most, files.size());
    }
    CHECK(most <= 10);
    CHECK_FALSE(read_text(files, this_thread_number(), proc_file::stat).empty());
}

TEST_CASE("no more are open than allowed, and the thread that was asked for last keeps its own", "[thread_files]")
{
    thread_files files{6};
    std::atomic<bool> stop{false};
    std::vector<std::unique_ptr<waiting_thread>> threads;
    for (int i = 0; i < 70; ++i)
        threads.push_back(std::make_unique<waiting_thread>([&] {
            while (!stop) std::this_thread::sleep_for(std::chrono::milliseconds{1});
        }));
    bool right = true;
    for (int round = 0; round < 2; ++round)
        for (auto const& each : threads)
            for (proc_file const kind : {proc_file::stat, proc_file::schedstat, proc_file::syscall}) {
                std::string const text = read_text(files, each->number(), kind);
                if (kind == proc_file::stat) right = right && text.starts_with(std::to_string(each->number()) + " (");
                right = right && !text.empty() && files.size() <= 6;
            }
    CHECK(right);

    auto const read_all = [&](thread_files& by) {
        for (auto const& each : threads)
            right = right && read_text(by, each->number(), proc_file::stat).starts_with(std::to_string(each->number()));
        CHECK(right);
    };
    thread_files many{1000};
    read_all(many);
    CHECK(many.size() > thread_files::fewest_threads);
    thread_files few{100};  // more files than there is room for threads
    read_all(few);
    CHECK(few.size() <= thread_files::fewest_threads);
    CHECK(few.size() >= thread_files::fewest_threads / 2);
    int const before = lowest_free();
    CHECK_FALSE(read_text(few, threads.back()->number(), proc_file::stat).empty());
    CHECK(lowest_free() == before);
    stop = true;
}

TEST_CASE("a program that closes every descriptor keeps the ones that it opens then", "[thread_files]")
{
    CHECK(in_child([] {
              std::optional<thread_files> files{std::in_place, 100};
              auto const me = this_thread_number();
              for (proc_file const kind : {proc_file::schedstat, proc_file::stat, proc_file::wchan})
                  if (read_text(*files, me, kind).empty()) return 1;
              for (int fd = 3; fd < 100; ++fd) ::close(fd);
              std::vector<int> own;
              for (int i = 0; i < 6; ++i) own.push_back(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
              if (own.front() != 3) return 2;
              status_of const before{own.front()};
              // Zeros would be read without end: what is read must be the kernel's.
              if (!read_text(*files, me, proc_file::stat).starts_with(std::to_string(me) + " (")) return 3;
              if (read_text(*files, me, proc_file::schedstat).find(' ') == std::string::npos) return 4;
              for (int const fd : own)
                  if (!(status_of{fd} == before)) return 5;
              files.reset();
              for (int const fd : own)
                  if (!(status_of{fd} == before)) return 6;
              return 0;
          }) == 0);
}

TEST_CASE("a reader that goes after its descriptors were taken closes none of them", "[thread_files]")
{
    CHECK(in_child([] {
              std::optional<thread_files> files{std::in_place, 100};
              if (read_text(*files, this_thread_number(), proc_file::stat).empty()) return 1;
              for (int fd = 3; fd < 100; ++fd) ::close(fd);
              int const own = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
              files.reset();
              return own == 3 && status_of{own}.ok ? 0 : 2;
          }) == 0);
}

TEST_CASE("the child of a fork does not read of its parent's threads", "[thread_files]")
{
    thread_files files{100};
    auto const parent = this_thread_number();
    REQUIRE_FALSE(read_text(files, parent, proc_file::stat).empty());
    CHECK(in_child([&] {
              if (!read_text(files, parent, proc_file::stat).empty()) return 1;
              return read_text(files, this_thread_number(), proc_file::stat).empty() ? 2 : 0;
          }) == 0);
    CHECK_FALSE(read_text(files, parent, proc_file::stat).empty());
}

TEST_CASE("with every descriptor in use only the clocks are known, and nothing else happens", "[thread_files]")
{
    CHECK(in_child([] {
              thread_files files;
              rlimit limit{};
              ::getrlimit(RLIMIT_NOFILE, &limit);
              auto const kept = limit.rlim_cur;
              limit.rlim_cur = static_cast<rlim_t>(lowest_free());
              ::setrlimit(RLIMIT_NOFILE, &limit);
              thread_reader reader{files};
              process_reader process;
              thread_reading thread;
              process_reading machine;
              errno = 1234;
              if (reader.read(this_thread_number(), thread) || thread.state != 0) return 1;
              if (!thread.counters.known || thread.counters.run_delay_counted || thread.counters.on_cpu.count() <= 0)
                  return 5;
              process.read(machine);
              if (machine.threads != 0 || machine.runnable != 0 || machine.has_throttling) return 2;
              if (errno != 1234 || files.size() != 0) return 3;
              limit.rlim_cur = kept;
              ::setrlimit(RLIMIT_NOFILE, &limit);
              process.read(machine);
              return reader.read(this_thread_number(), thread) && machine.threads >= 1 ? 0 : 4;
          }) == 0);
}
