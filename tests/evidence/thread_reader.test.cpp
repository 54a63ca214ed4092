// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "waiting_thread.hpp"

#include <loopwatch/impl/evidence/describe.hpp>

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

/// Two ends of something; both are closed in the end.
struct two_ends {
    std::array<int, 2> end{-1, -1};
    ~two_ends()
    {
        for (int const each : end)
            if (each >= 0) ::close(each);
    }
};

struct pipe_ends : two_ends {
    pipe_ends() { REQUIRE(::pipe(end.data()) == 0); }
    void wake() const { REQUIRE(::write(end[1], "x", 1) == 1); }
};

int bound_socket(int type, sockaddr_in& address)
{
    int const fd = ::socket(AF_INET, type, 0);
    address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    return fd;
}

std::string text_of(sockaddr_in const& a) { return fmt::format("127.0.0.1:{}", ntohs(a.sin_port)); }

/// Both ends of a connection over TCP.
struct tcp_ends : two_ends {
    std::array<sockaddr_in, 2> address;
    tcp_ends()
    {
        int const listener = bound_socket(SOCK_STREAM, address[1]);
        REQUIRE(::listen(listener, 1) == 0);
        end[0] = bound_socket(SOCK_STREAM, address[0]);
        REQUIRE(::connect(end[0], reinterpret_cast<sockaddr*>(&address[1]), sizeof address[1]) == 0);
        end[1] = ::accept(listener, nullptr, nullptr);
        ::close(listener);
    }
    [[nodiscard]] std::string text() const
    {
        return fmt::format("fd {}: tcp {} -> {}", end[0], text_of(address[0]), text_of(address[1]));
    }
    void wake() const { REQUIRE(::write(end[1], "x", 1) == 1); }
};

class directory {
public:
    directory()
    {
        REQUIRE(::mkdtemp(path.data()) != nullptr);
        path.pop_back();
    }
    ~directory()
    {
        for (auto const& each : files_) ::unlink(each.c_str());
        ::rmdir(path.c_str());
    }
    std::string file(char const* name)
    {
        files_.push_back(path + "/" + name);
        return files_.back();
    }

private:
    std::string path{std::string{"/tmp/loopwatch-XXXXXX"} + '\0'};
    std::vector<std::string> files_;
};

/// Looks at a thread in `wait`, which ends after `wake`.
thread_reading look_at(long number, std::function<void()> const& wait, std::function<void()> const& wake)
{
    thread_files files{100};
    thread_reader reader{files};
    thread_reading to;
    waiting_thread const thread{wait};
    bool const seen = read_until(reader, thread.number(), to, asleep_in(number));
    wake();
    INFO("last seen: " << to.state << ' ' << to.call.number);
    CHECK(seen);
    CHECK(to.thread == thread.number());
    CHECK(to.has_faults);
    CHECK(to.counters.known);
    return to;
}

/// As look_at, of which the description is wanted.
std::string described(long number, std::function<void()> const& wait, std::function<void()> const& wake)
{
    return describe(look_at(number, wait, wake).call);
}

}  // namespace

TEST_CASE("a running thread is in no call, and its time is up to date", "[thread_reader]")
{
    thread_files files{100};
    thread_reader reader{files};
    std::atomic<bool> stop{false};
    waiting_thread const thread{[&] {
        while (!stop) {
        }
    }};
    auto const began = loopwatch::detail::clock::now();
    thread_reading first;
    CHECK(read_until(reader, thread.number(), first, [](auto const& r) { return r.state == 'R' && !r.in_kernel; }));
    CHECK(first.wait_channel.empty());
    thread_reading later;
    CHECK(read_until(reader, thread.number(), later,
                     [&](auto const& r) { return r.counters.on_cpu > first.counters.on_cpu + 20ms; }));
    CHECK(later.at - began >= 20ms);  // a reading is stamped after it was taken, if only by a little
    stop = true;
}

TEST_CASE("the time on a CPU is exact, not that of the last tick of a clock", "[thread_reader]")
{
    thread_files files{100};
    thread_reader reader{files};
    auto const cpu_time = [] {
        timespec t{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return nanoseconds{t.tv_sec * 1'000'000'000 + t.tv_nsec};
    };
    nanoseconds last{0};
    for (int i = 0; i < 100; ++i) {
        thread_counters c;
        REQUIRE(reader.counters(this_thread_number(), c));
        REQUIRE(c.on_cpu > last);
        REQUIRE(c.at <= loopwatch::detail::clock::now());
        last = c.on_cpu;
    }
    // Asked only now: the question brings the kernel's count up to date.
    CHECK(last <= cpu_time());
}

TEST_CASE("waiting for a CPU is counted", "[thread_reader]")
{
    thread_files files{100};
    thread_reader reader{files};
    std::atomic<bool> stop{false};
    cpu_set_t allowed;
    REQUIRE(::sched_getaffinity(0, sizeof allowed, &allowed) == 0);
    auto const on_one_cpu = [&] {
        cpu_set_t one;
        CPU_ZERO(&one);
        for (std::size_t i = 0; i < CPU_SETSIZE; ++i)
            if (CPU_ISSET(i, &allowed)) {
                CPU_SET(i, &one);
                break;
            }
        ::sched_setaffinity(0, sizeof one, &one);
        while (!stop) {
        }
    };
    waiting_thread const thread{on_one_cpu};
    waiting_thread const hog{on_one_cpu};
    waiting_thread const other_hog{on_one_cpu};
    thread_reading before;
    thread_reading first;
    thread_reading later;
    REQUIRE(reader.read(thread.number(), before));
    // A wait is added up when it is over, however long ago it began: so from the end of one on.
    CHECK(read_until(reader, thread.number(), first,
                     [&](auto const& r) { return r.counters.run_delay > before.counters.run_delay; }));
    CHECK(read_until(reader, thread.number(), later,
                     [&](auto const& r) { return r.counters.run_delay > first.counters.run_delay + 150ms; }));
    CHECK(later.counters.slices > first.counters.slices);
    // What it waited and what it ran was no longer than the time that went by, but for a reader that was kept from its
    // CPU between the counters and the clock.
    CHECK(later.counters.run_delay - first.counters.run_delay + later.counters.on_cpu - first.counters.on_cpu <=
          later.counters.at - first.counters.at + 75ms);
    stop = true;
}

TEST_CASE("sleeping", "[thread_reader]")
{
    std::atomic<bool> slept{false};
    auto const seen = look_at(
        SYS_clock_nanosleep,
        [&] {
            timespec const t{1, 0};
            slept = ::nanosleep(&t, nullptr) == 0;
        },
        [] {});
    CHECK(slept);  // nobody cut it short
    CHECK(describe(seen.call) == "clock_nanosleep(1 s)");
    CHECK(seen.wait_channel.view().find("nanosleep") != std::string_view::npos);
}

TEST_CASE("sockets", "[thread_reader]")
{
    tcp_ends const tcp;
    SECTION("recv")
    {
        CHECK(described(
                  SYS_recvfrom,
                  [&] {
                      char byte = 0;
                      ::recv(tcp.end[0], &byte, 1, 0);
                  },
                  [&] { tcp.wake(); }) == "recvfrom(" + tcp.text() + ")");
    }
    SECTION("poll")
    {
        pipe_ends const pipe;
        auto const text = described(
            SYS_ppoll,
            [&] {
                std::array<pollfd, 2> fds{{{tcp.end[0], POLLIN, 0}, {pipe.end[0], POLLIN, 0}}};
                timespec const limit{60, 0};
                ::ppoll(fds.data(), fds.size(), &limit, nullptr);
            },
            [&] { tcp.wake(); });
        CHECK(text == fmt::format("ppoll({}, fd {}: pipe, 60 s)", tcp.text(), pipe.end[0]));
    }
#if defined(SYS_poll)
    SECTION("poll with milliseconds")
    {
        auto const text = described(
            SYS_poll,
            [&] {
                pollfd fds{tcp.end[0], POLLIN, 0};
                ::poll(&fds, 1, -1);
            },
            [&] { tcp.wake(); });
        CHECK(text == "poll(" + tcp.text() + ", no timeout)");
    }
#endif
    SECTION("select")
    {
        auto const text = described(
            SYS_pselect6,
            [&] {
                fd_set set;
                FD_ZERO(&set);
                FD_SET(tcp.end[0], &set);
                timespec const limit{60, 0};
                ::pselect(tcp.end[0] + 1, &set, nullptr, nullptr, &limit, nullptr);
            },
            [&] { tcp.wake(); });
        CHECK(text == "pselect6(" + tcp.text() + ", 60 s)");
    }
    SECTION("epoll")
    {
        int const epoll = ::epoll_create1(EPOLL_CLOEXEC);
        epoll_event event{};
        event.events = EPOLLIN;
        REQUIRE(::epoll_ctl(epoll, EPOLL_CTL_ADD, tcp.end[0], &event) == 0);
        auto const text = described(
            SYS_epoll_pwait,
            [&] {
                sigset_t none;
                sigemptyset(&none);
                ::epoll_pwait(epoll, &event, 1, -1, &none);
            },
            [&] { tcp.wake(); });
        CHECK(text == fmt::format("epoll_pwait(fd {}, no timeout)", epoll));
        ::close(epoll);
    }
    SECTION("udp")
    {
        sockaddr_in address;
        int const fd = bound_socket(SOCK_DGRAM, address);
        auto const text = described(
            SYS_recvfrom,
            [&] {
                char byte = 0;
                ::recv(fd, &byte, 1, 0);
            },
            [&] { ::sendto(fd, "x", 1, 0, reinterpret_cast<sockaddr*>(&address), sizeof address); });
        CHECK(text == fmt::format("recvfrom(fd {}: udp {})", fd, text_of(address)));
        ::close(fd);
    }
    SECTION("accept")
    {
        sockaddr_in address;
        int const fd = bound_socket(SOCK_STREAM, address);
        REQUIRE(::listen(fd, 1) == 0);
        int const client = ::socket(AF_INET, SOCK_STREAM, 0);
        auto const text = described(
            SYS_accept4, [&] { ::close(::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC)); },
            [&] { ::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address); });
        CHECK(text == fmt::format("accept4(fd {}: tcp {})", fd, text_of(address)));
        ::close(client);
        ::close(fd);
    }
    SECTION("connect, to a server that has no place left")
    {
        directory files;
        std::string const path = files.file("socket");
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        int const server = ::socket(AF_UNIX, SOCK_STREAM, 0);
        auto* const to = reinterpret_cast<sockaddr*>(&address);
        REQUIRE(::bind(server, to, sizeof address) == 0);
        REQUIRE(::listen(server, 0) == 0);
        int const first = ::socket(AF_UNIX, SOCK_STREAM, 0);
        REQUIRE(::connect(first, to, sizeof address) == 0);
        int const second = ::socket(AF_UNIX, SOCK_STREAM, 0);
        auto const text = described(
            SYS_connect, [&] { ::connect(second, to, sizeof address); },
            [&] { ::close(::accept(server, nullptr, nullptr)); });
        CHECK(text == fmt::format("connect(fd {}: unix {})", second, path));
        for (int const fd : {first, second, server}) ::close(fd);
    }
}

TEST_CASE("files and pipes", "[thread_reader]")
{
    directory files;
    SECTION("a pipe")
    {
        pipe_ends const pipe;
        auto const text = described(
            SYS_read,
            [&] {
                char byte = 0;
                static_cast<void>(!::read(pipe.end[0], &byte, 1));
            },
            [&] { pipe.wake(); });
        CHECK(text == fmt::format("read(fd {}: pipe)", pipe.end[0]));
    }
    SECTION("a lock on a file")
    {
        std::string const path = files.file("lock");
        int const mine = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        int const theirs = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
        REQUIRE(::flock(mine, LOCK_EX) == 0);
        auto const text = described(SYS_flock, [&] { ::flock(theirs, LOCK_EX); }, [&] { ::flock(mine, LOCK_UN); });
        CHECK(text == fmt::format("flock(fd {}: {})", theirs, path));
        ::close(mine);
        ::close(theirs);
    }
    SECTION("the opening of a pipe that has no writer")
    {
        std::string const path = files.file("fifo");
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        auto const text = described(
            SYS_openat, [&] { ::close(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); },
            [&] { ::close(::open(path.c_str(), O_WRONLY | O_CLOEXEC)); });
        CHECK(text == "openat(" + path + ")");
    }
}

TEST_CASE("a mutex tells who holds it", "[thread_reader]")
{
    std::mutex mutex;
    mutex.lock();
    auto const seen = look_at(SYS_futex, [&] { std::lock_guard const hold{mutex}; }, [&] { mutex.unlock(); });
    CHECK(seen.call.mutex_owner == this_thread_number());
    CHECK(seen.call.futex_word == 2);
    CHECK_FALSE(seen.call.has_timeout);
    CHECK(describe(seen.call) == fmt::format("futex({:#x}, wait)", reinterpret_cast<std::uintptr_t>(&mutex)));
}

TEST_CASE("a mutex that is waited for by its own holder", "[thread_reader]")
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    timespec until{};
    ::clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    auto const seen = look_at(
        SYS_futex,
        [&] {
            ::pthread_mutex_lock(&mutex);
            ::pthread_mutex_timedlock(&mutex, &until);
            ::pthread_mutex_unlock(&mutex);
        },
        [] {});
    CHECK(seen.call.mutex_owner == seen.thread);
    CHECK(seen.call.timeout_is_absolute);
    CHECK(seen.call.timeout == nanoseconds{until.tv_sec * 1'000'000'000 + until.tv_nsec});
}

TEST_CASE("mutexes of the other kinds tell it as well", "[thread_reader]")
{
    pthread_mutexattr_t kind;
    ::pthread_mutexattr_init(&kind);
    SECTION("recursive") { ::pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE); }
    SECTION("error checking") { ::pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK); }
    SECTION("robust") { ::pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST); }
    SECTION("of inherited priority") { ::pthread_mutexattr_setprotocol(&kind, PTHREAD_PRIO_INHERIT); }
    SECTION("shared") { ::pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED); }
    pthread_mutex_t mutex;
    REQUIRE(::pthread_mutex_init(&mutex, &kind) == 0);
    ::pthread_mutex_lock(&mutex);
    auto const seen = look_at(
        SYS_futex,
        [&] {
            ::pthread_mutex_lock(&mutex);
            ::pthread_mutex_unlock(&mutex);
        },
        [&] { ::pthread_mutex_unlock(&mutex); });
    CHECK(seen.call.mutex_owner == this_thread_number());
    ::pthread_mutex_destroy(&mutex);
    ::pthread_mutexattr_destroy(&kind);
}

TEST_CASE("who joins a thread tells which", "[thread_reader]")
{
    std::promise<void> end;
    waiting_thread other{[&] { end.get_future().wait(); }};
    auto const seen = look_at(SYS_futex, [&] { other.join(); }, [&] { end.set_value(); });
    CHECK(seen.call.awaited_thread == other.number());
    CHECK(seen.call.mutex_owner == 0);
}

TEST_CASE("nobody holds a condition variable", "[thread_reader]")
{
    std::mutex mutex;
    std::condition_variable condition;
    bool done = false;
    auto const wake = [&] {
        {
            std::lock_guard const hold{mutex};
            done = true;
        }
        condition.notify_one();
    };
    SECTION("without a limit")
    {
        auto const seen = look_at(
            SYS_futex,
            [&] {
                std::unique_lock hold{mutex};
                condition.wait(hold, [&] { return done; });
            },
            wake);
        CHECK(seen.call.mutex_owner == 0);
        CHECK_FALSE(seen.call.has_timeout);
    }
    SECTION("with one")
    {
        auto const seen = look_at(
            SYS_futex,
            [&] {
                std::unique_lock hold{mutex};
                condition.wait_for(hold, 60s, [&] { return done; });
            },
            wake);
        CHECK(seen.call.mutex_owner == 0);
        CHECK(seen.call.timeout_is_absolute);
        CHECK(describe(seen.call).ends_with(", wait, until a point in time)"));
    }
}

TEST_CASE("children", "[thread_reader]")
{
    pid_t const child = ::fork();
    if (child == 0) {
        while (true) ::pause();
    }
    CHECK(described(
              SYS_wait4, [&] { ::waitpid(child, nullptr, 0); }, [&] { ::kill(child, SIGKILL); }) ==
          fmt::format("wait4(pid {})", child));
}

TEST_CASE("of a thread that has ended nothing is known", "[thread_reader]")
{
    thread_files files{100};
    thread_reader reader{files};
    thread_reading to;
    thread_number number = 0;
    std::atomic<bool> stop{false};
    {
        waiting_thread const thread{[&] {
            while (!stop) std::this_thread::yield();
        }};
        number = thread.number();
        CHECK(reader.read(number, to));
        stop = true;
    }
    while (::access(fmt::format("/proc/self/task/{}", number).c_str(), F_OK) == 0) std::this_thread::yield();
    errno = 1234;
    CHECK_FALSE(reader.read(number, to));
    CHECK(errno == 1234);
    CHECK(to.state == 0);
    CHECK_FALSE(to.in_kernel);
    CHECK_FALSE(to.has_faults);
    CHECK_FALSE(to.counters.known);
    thread_counters c;
    CHECK_FALSE(reader.counters(number, c));
    CHECK_FALSE(reader.read(::getppid(), to));  // none of ours
}

TEST_CASE("a process that is not to be looked into still tells how its threads fare", "[thread_reader]")
{
    pid_t const child = ::fork();
    if (child == 0) {
        // The owner of the files is root then: as root one could read them all the same.
        if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(9);
        ::prctl(PR_SET_DUMPABLE, 0);
        thread_files files{100};
        thread_reader reader{files};
        thread_reading to;
        waiting_thread const thread{[] {
            while (true) ::pause();
        }};
        bool const seen = read_until(reader, thread.number(), to, [](auto const& r) { return r.state == 'S'; });
        ::_exit(seen && !to.in_kernel && to.has_faults ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a thread that goes from call to call is told by one of them, never by parts of two", "[thread_reader]")
{
    thread_files files{100};
    thread_reader reader{files};
    std::atomic<bool> stop{false};
    waiting_thread const thread{[&] {
        while (!stop) {
            for (long const ms : {1, 2}) {
                timespec const t{0, ms * 1'000'000};
                ::clock_nanosleep(ms == 1 ? CLOCK_MONOTONIC : CLOCK_REALTIME, 0, &t, nullptr);
            }
        }
    }};
    int found = 0;
    bool right = true;
    auto const end = std::chrono::steady_clock::now() + 10s;
    while (found < 2000 && std::chrono::steady_clock::now() < end) {
        thread_reading to;
        if (!reader.read(thread.number(), to) || !to.in_kernel || to.call.number != SYS_clock_nanosleep) continue;
        ++found;
        if (!to.call.has_timeout) continue;
        right = right && to.call.timeout == (to.call.arguments[0] == CLOCK_MONOTONIC ? 1ms : 2ms);
    }
    stop = true;
    CHECK(found == 2000);
    CHECK(right);
}
