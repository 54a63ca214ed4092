// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "waiting_thread.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sched.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace loopwatch::detail;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

class directory {
public:
    directory()
    {
        std::string name = (fs::temp_directory_path() / "loopwatch-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~directory() { fs::remove_all(path); }
    directory(directory const&) = delete;
    directory& operator=(directory const&) = delete;

    void write(std::string_view file, std::string_view text) const
    {
        fs::path const to = path + std::string{file};
        fs::create_directories(to.parent_path());
        std::ofstream{to, std::ios::trunc} << text;
    }
    std::string path;
};

process_reading read_with(directory const& files, std::string_view groups)
{
    files.write("/own", groups);
    std::string const own = files.path + "/own";
    process_reader reader{files.path, own.c_str()};
    process_reading to;
    reader.read(to);
    return to;
}

}  // namespace

// The thread sanitizer has a thread of its own, which comes when the first other one does, and in the child of a fork.
static unsigned const sanitizers_own = LOOPWATCH_HAS_TSAN() ? 1 : 0;

TEST_CASE("the machine and this process", "[process_reader]")
{
    process_reader reader;
    process_reading to;
    reader.read(to);
    cpu_set_t set;
    REQUIRE(::sched_getaffinity(0, sizeof set, &set) == 0);
    CHECK(to.processors == static_cast<unsigned>(CPU_COUNT(&set)));
    CHECK(to.runnable >= 1);  // this one
    unsigned const before = to.threads;
    CHECK(before >= 1);
    std::atomic<bool> stop{false};
    {
        waiting_thread one{[&] {
            while (!stop) std::this_thread::yield();
        }};
        reader.read(to);
        CHECK(to.threads >= before + 1);
        CHECK(to.threads <= before + 1 + sanitizers_own);
        stop = true;
    }
}

TEST_CASE("what the process has gone through is counted", "[process_reader]")
{
    auto const before = process_reader::counters();
    REQUIRE(before.known);
    for (int i = 0; i < 10; ++i) ::usleep(1000);
    auto const after = process_reader::counters();
    CHECK(after.yielded >= before.yielded + 10);
    CHECK(after.preemptions >= before.preemptions);
    CHECK(after.major_faults >= before.major_faults);
}

TEST_CASE("the threads of the process are all found but the calling one", "[thread_list]")
{
    thread_list threads;
    auto const found = [&](auto limit) {
        std::vector<loopwatch::detail::thread_number> numbers;
        bool const all = threads.list([&](auto number) {
            numbers.push_back(number);
            return numbers.size() < static_cast<std::size_t>(limit);
        });
        return std::pair{numbers, all};
    };
    // So many that the kernel tells of them in several pieces.
    constexpr std::size_t many = 300;
    std::atomic<bool> stop{false};
    std::vector<std::jthread> others;
    std::atomic<std::size_t> started{0};
    for (std::size_t i = 0; i < many; ++i)
        others.emplace_back([&] {
            ++started;
            stop.wait(false);
        });
    while (started < many) std::this_thread::yield();
    auto const [all, whole] = found(many * 2);
    CHECK(whole);
    CHECK(all.size() >= many);
    CHECK(std::ranges::find(all, loopwatch::detail::this_thread_number()) == all.end());
    CHECK(std::set(all.begin(), all.end()).size() == all.size());
    CHECK_FALSE(found(10).second);
    CHECK(found(10).first.size() == 10);
    stop = true;
    stop.notify_all();
}

TEST_CASE("a debugger is seen when it comes", "[process_reader]")
{
    process_reader reader;
    process_reading to;
    reader.read(to);
    CHECK(to.tracer == 0);
    pid_t const child = ::fork();
    if (child == 0) {
        reader.read(to);  // the parent's files are not the child's
        bool const alone = to.tracer == 0 && to.threads <= 1 + sanitizers_own;
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        reader.read(to);
        ::_exit(alone && to.tracer == ::getppid() ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("throttling of the nearest cgroup that tells, of either version", "[process_reader]")
{
    directory const files;
    SECTION("version 2")
    {
        files.write("/app.slice/worker/cpu.stat", "usage_usec 1\nthrottled_usec 7\n");
        files.write("/app.slice/cpu.stat", "throttled_usec 8\n");
        CHECK(read_with(files, "0::/app.slice/worker\n").throttled == 7us);
        CHECK(read_with(files, "0::/app.slice/other\n").throttled == 8us);
        CHECK(read_with(files, "0::/app.slice/worker/deep/deeper\n").throttled == 7us);
        CHECK_FALSE(read_with(files, "0::/elsewhere\n").has_throttling);
        CHECK_FALSE(read_with(files, "0::/\n").has_throttling);
    }
    SECTION("one that does not tell is passed by, and in a container the path is another")
    {
        files.write("/docker/1/cpu.stat", "usage_usec 1\n");
        files.write("/cpu.stat", "throttled_usec 9\n");
        CHECK(read_with(files, "0::/docker/1\n").throttled == 9us);
        CHECK(read_with(files, "0::/../../pods/2\n").throttled == 9us);
    }
    SECTION("version 1, by both names of its mount, and beside version 2")
    {
        files.write("/cpu,cpuacct/docker/1/cpu.stat", "throttled_time 41\n");
        files.write("/cpu.stat", "throttled_usec 9\n");
        CHECK(read_with(files, "4:cpu,cpuacct:/docker/1\n0::/\n").throttled == 41ns);
        CHECK(read_with(files, "9:memory:/" + std::string(3000, 'x') + "\n4:cpu,cpuacct:/docker/1\n").throttled ==
              41ns);
        files.write("/cpu/docker/1/cpu.stat", "throttled_time 42\n");
        CHECK(read_with(files, "4:cpu:/docker/1\n0::/\n").throttled == 42ns);
    }
    SECTION("version 2 beside version 1")
    {
        files.write("/unified/a/cpu.stat", "throttled_usec 5\n");
        CHECK(read_with(files, "0::/a\n4:memory:/b\n").throttled == 5us);
    }
    SECTION("also after the program has closed all descriptors, and in the child of a fork")
    {
        files.write("/a/cpu.stat", "throttled_usec 5\n");
        files.write("/own", "0::/a\n");
        std::string const own = files.path + "/own";
        process_reader reader{files.path, own.c_str()};
        process_reading to;
        reader.read(to);
        CHECK(to.throttled == 5us);
        pid_t const child = ::fork();
        if (child == 0) {
            reader.read(to);
            bool const in_child = to.has_throttling;
            for (int fd = 3; fd < 256; ++fd) ::close(fd);
            reader.read(to);
            ::_exit(in_child && to.has_throttling ? 0 : 1);
        }
        int status = -1;
        REQUIRE(::waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 0);
    }
    SECTION("none")
    {
        CHECK_FALSE(read_with(files, "").has_throttling);
        CHECK_FALSE(read_with(files, "0::/" + std::string(3000, 'x') + "\n").has_throttling);
    }
}

TEST_CASE("throttling is read anew each time, also when the cgroup is another", "[process_reader]")
{
    directory const files;
    std::string const own = files.path + "/own";
    files.write("/own", "0::/a\n");
    files.write("/a/cpu.stat", "throttled_usec 5\n");
    process_reader reader{files.path, own.c_str()};
    process_reading to;
    reader.read(to);
    CHECK(to.throttled == 5us);
    files.write("/a/cpu.stat", "throttled_usec 6\n");
    reader.read(to);
    CHECK(to.throttled == 6us);
    // The file of a cgroup that is gone gives an error; of one in a directory, nothing.
    files.write("/a/cpu.stat", "");
    fs::remove_all(files.path + "/a");
    files.write("/own", "0::/b\n");
    files.write("/b/cpu.stat", "throttled_usec 7\n");
    reader.read(to);
    CHECK(to.throttled == 7us);
}
