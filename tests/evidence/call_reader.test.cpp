// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/evidence/call_reader_linux.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

std::uint64_t word(void const* p) { return reinterpret_cast<std::uintptr_t>(p); }
std::uint64_t word(long n) { return static_cast<std::uint64_t>(n); }

call_reading read_call(long number, fixed<std::uint64_t, 6> arguments)
{
    call_reading call;
    call.number = number;
    call.arguments = arguments;
    static auto const reader = std::make_unique<call_reader>();
    (*reader)(call);
    return call;
}

/// A page, and after it nothing.
class last_page {
public:
    last_page()
    {
        void* const both = ::mmap(nullptr, 2 * size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        REQUIRE(both != MAP_FAILED);
        begin_ = static_cast<char*>(both);
        REQUIRE(::munmap(begin_ + size_, size_) == 0);
    }
    ~last_page() { ::munmap(begin_, size_); }
    last_page(last_page const&) = delete;
    last_page& operator=(last_page const&) = delete;

    /// Lies at its very end.
    template <typename T>
    T* put(T const& value)
    {
        return static_cast<T*>(std::memcpy(end() - sizeof value, &value, sizeof value));
    }
    [[nodiscard]] char* end() const { return begin_ + size_; }

private:
    std::size_t size_{static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))};
    char* begin_;
};

}  // namespace

TEST_CASE("paths are read as far as they are there", "[call_reader]")
{
    last_page const page;
    auto const path_at = [](char const* p) { return read_call(SYS_openat, {word(AT_FDCWD), word(p)}).path; };
    CHECK(path_at("/etc/hosts").view() == "/etc/hosts");
    CHECK(path_at(std::string(300, 'x').c_str()).view() == std::string(128, 'x'));
    for (std::size_t const length : {1U, 15U, 16U, 17U, 100U, 127U}) {
        char* const at = page.end() - length - 1;
        std::memset(at, 'y', length);
        at[length] = '\0';
        CHECK(path_at(at).view() == std::string(length, 'y'));
    }
    std::memset(page.end() - 10, 'z', 10);
    CHECK(path_at(page.end() - 10).empty());  // it has no end
    CHECK(path_at(page.end()).empty());
    CHECK(path_at(nullptr).empty());
}

TEST_CASE("a call on a descriptor with an empty path is told by the descriptor", "[call_reader]")
{
    int const file = ::open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    auto const with = [&](char const* path) { return read_call(SYS_newfstatat, {word(file), word(path), 0, 0}); };
    CHECK(with("").descriptor_count == 1);
    CHECK(with("").descriptors[0].link.view().ends_with("/status"));
    CHECK(with("relative").descriptor_count == 0);
    CHECK(read_call(SYS_newfstatat, {word(AT_FDCWD), word(""), 0, 0}).descriptor_count == 0);
    ::close(file);
}

TEST_CASE("polled descriptors are counted, and the first ones looked at", "[call_reader]")
{
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    std::vector<pollfd> fds(1000, pollfd{-1, POLLIN, 0});
    fds[1].fd = ends[0];
    fds[3].fd = ends[1];
    timespec const limit{3, 5};
    auto call = read_call(SYS_ppoll, {word(fds.data()), 200, word(&limit)});
    CHECK(call.descriptor_count == 2);
    CHECK(call.descriptors[0].number == ends[0]);
    CHECK(call.descriptors[1].number == ends[1]);
    CHECK(call.descriptors[0].link.view().starts_with("pipe:["));
    CHECK_FALSE(call.descriptors[0].is_socket);
    CHECK(call.has_timeout);
    CHECK(call.timeout == 3s + 5ns);

    for (pollfd& each : fds) each.fd = ends[0];
    CHECK(read_call(SYS_ppoll, {word(fds.data()), 5}).descriptor_count == 5);
    CHECK(read_call(SYS_ppoll, {word(fds.data()), 1000}).descriptor_count == 1000);
    CHECK_FALSE(read_call(SYS_ppoll, {word(fds.data()), 5}).has_timeout);

    last_page page;
    pollfd const* const last = page.put(pollfd{ends[1], POLLIN, 0});
    CHECK(read_call(SYS_ppoll, {word(last), 50}).descriptor_count == 1);
    CHECK(read_call(SYS_ppoll, {8, 50}).descriptor_count == 0);
    for (int const end : ends) ::close(end);
}

TEST_CASE("the sets of select are one, as far as select looks", "[call_reader]")
{
    fd_set reading;
    fd_set writing;
    FD_ZERO(&reading);
    FD_ZERO(&writing);
    FD_SET(1, &reading);
    FD_SET(70, &reading);
    FD_SET(70, &writing);
    FD_SET(3, &writing);
    FD_SET(200, &writing);
    timespec const limit{0, 1'000'000};
    auto const call = read_call(SYS_pselect6, {71, word(&reading), word(&writing), 0, word(&limit)});
    CHECK(call.descriptor_count == 3);
    CHECK(call.descriptors[0].number == 1);
    CHECK(call.descriptors[1].number == 3);
    CHECK(call.descriptors[2].number == 70);
    CHECK(call.timeout == 1ms);
    CHECK(read_call(SYS_pselect6, {70, word(&reading), 0, 0, 0}).descriptor_count == 1);
    CHECK(read_call(SYS_pselect6, {64, 8, 8, 8, 8}).descriptor_count == 0);
}

TEST_CASE("times: lengths and dates, and those that are none", "[call_reader]")
{
    timespec const two{2, 0};
    auto call = read_call(SYS_nanosleep, {word(&two)});
    CHECK(call.timeout == 2s);
    CHECK_FALSE(call.timeout_is_absolute);
    call = read_call(SYS_clock_nanosleep, {CLOCK_MONOTONIC, 0, word(&two)});
    CHECK(call.timeout == 2s);
    CHECK_FALSE(call.timeout_is_absolute);
    call = read_call(SYS_clock_nanosleep, {CLOCK_MONOTONIC, TIMER_ABSTIME, word(&two)});
    CHECK(call.timeout == 2s);
    CHECK(call.timeout_is_absolute);
    call = read_call(SYS_futex, {0, FUTEX_WAIT_PRIVATE, 0, word(&two)});
    CHECK_FALSE(call.timeout_is_absolute);
    std::uint32_t futex = 7;
    call = read_call(SYS_futex, {word(&futex), FUTEX_WAIT_PRIVATE, 0, word(&two)});
    CHECK(call.futex_word == 7);
    CHECK(call.timeout == 2s);
    CHECK_FALSE(call.timeout_is_absolute);
    for (int const operation : {FUTEX_WAIT_BITSET, FUTEX_LOCK_PI, 13}) {
        call = read_call(SYS_futex,
                         {word(&futex), word(operation | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME), 0, word(&two)});
        CHECK(call.timeout_is_absolute);
    }
    // The fourth argument of these is a number.
    CHECK_FALSE(read_call(SYS_futex, {word(&futex), FUTEX_REQUEUE, 0, word(&two)}).has_timeout);

    timespec const huge{std::numeric_limits<time_t>::max(), 999'999'999};
    CHECK(read_call(SYS_nanosleep, {word(&huge)}).timeout == nanoseconds::max());
    for (timespec const bad : {timespec{-1, 0}, timespec{0, -1}, timespec{0, 1'000'000'000}})
        CHECK_FALSE(read_call(SYS_nanosleep, {word(&bad)}).has_timeout);
    CHECK_FALSE(read_call(SYS_nanosleep, {8}).has_timeout);

    CHECK(read_call(SYS_epoll_pwait, {1000, 0, 1, 100}).timeout == 100ms);
    CHECK(read_call(SYS_epoll_pwait, {1000, 0, 1, 0}).has_timeout);
    CHECK_FALSE(read_call(SYS_epoll_pwait, {1000, 0, 1, 0xffff'ffff}).has_timeout);
}

TEST_CASE("only a living thread of this process owns a mutex", "[call_reader]")
{
    struct {
        std::uint32_t lock, count, owner, users, kind;
    } mutex{2, 1, static_cast<std::uint32_t>(this_thread_number()), 1, 0};
    auto const owner = [&](std::uint64_t operation, std::uint64_t expected) {
        return read_call(SYS_futex, {word(&mutex), operation, expected}).mutex_owner;
    };
    CHECK(owner(FUTEX_WAIT_PRIVATE, 2) == this_thread_number());
    CHECK(owner(FUTEX_WAIT_BITSET_PRIVATE, 2) == this_thread_number());
    CHECK(owner(FUTEX_WAIT, 0x8000'0000 | 1234) == this_thread_number());  // a robust one
    CHECK(owner(FUTEX_WAIT_PRIVATE, 0) == 0);                              // a condition variable
    CHECK(owner(FUTEX_WAIT_PRIVATE, 1234) == 0);                           // a thread that is joined
    CHECK(owner(FUTEX_WAKE_PRIVATE, 2) == 0);
    for (std::uint32_t const other : {0U, 1U, 0xffff'ffffU, static_cast<std::uint32_t>(::getppid())}) {
        mutex.owner = other;
        CHECK(owner(FUTEX_WAIT_PRIVATE, 2) == 0);
    }
    mutex.owner = static_cast<std::uint32_t>(this_thread_number());
    mutex.users = 0;  // what only looks like one
    CHECK(owner(FUTEX_WAIT_PRIVATE, 2) == 0);
    mutex.users = 1;
    mutex.kind = 0x1234'5678;
    CHECK(owner(FUTEX_WAIT_PRIVATE, 2) == 0);
    mutex.kind = 0;
    mutex.owner = 0;
    mutex.lock = 0x8000'0000 | static_cast<std::uint32_t>(this_thread_number());
    CHECK(owner(FUTEX_LOCK_PI_PRIVATE, 0) == this_thread_number());

    last_page page;
    CHECK(read_call(SYS_futex, {word(page.put(std::uint32_t{2})), FUTEX_WAIT_PRIVATE, 2}).mutex_owner == 0);
    CHECK(read_call(SYS_futex, {word(page.put(std::uint32_t{2})), FUTEX_WAIT_PRIVATE, 2}).futex_word == 2);
    CHECK(read_call(SYS_futex, {8, FUTEX_WAIT_PRIVATE, 2}).mutex_owner == 0);
}

TEST_CASE("only a living thread of this process is joined", "[call_reader]")
{
    auto const own = static_cast<std::uint32_t>(this_thread_number());
    std::uint32_t number = own;
    auto const awaited = [&](std::uint64_t operation, std::uint64_t expected) {
        return read_call(SYS_futex, {word(&number), operation, expected}).awaited_thread;
    };
    CHECK(awaited(FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, own) == this_thread_number());
    CHECK(awaited(FUTEX_WAIT, own) == this_thread_number());
    CHECK(awaited(FUTEX_WAIT_PRIVATE, own) == 0);  // the kernel would not wake it
    CHECK(awaited(FUTEX_WAIT, 2) == 0);
    CHECK(awaited(FUTEX_LOCK_PI, own) == 0);
    number = static_cast<std::uint32_t>(::getppid());
    CHECK(awaited(FUTEX_WAIT, number) == 0);
}

TEST_CASE("the addresses that are connected and sent to", "[call_reader]")
{
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(443);
    auto const call = read_call(SYS_connect, {1000, word(&to), sizeof to});
    REQUIRE(call.address.size == sizeof to);
    CHECK(std::memcmp(call.address.bytes.data(), &to, sizeof to) == 0);
    CHECK(call.descriptor_count == 1);
    CHECK(call.descriptors[0].link.empty());
    CHECK(read_call(SYS_sendto, {1000, 0, 0, 0, word(&to), sizeof to}).address.size == sizeof to);
    CHECK(read_call(SYS_sendto, {1000, 0, 0, 0, 0, 0}).address.size == 0);
    CHECK(read_call(SYS_connect, {1000, 8, sizeof to}).address.size == 0);
    CHECK(read_call(SYS_connect, {1000, word(&to), 100'000}).address.size == 0);
}

TEST_CASE("errors of reading leave errno to the caller of the reader, and an unknown call is left alone",
          "[call_reader]")
{
    auto const call = read_call(999, {8, 8, 8, 8, 8, 8});
    CHECK(call.descriptor_count == 0);
    CHECK(call.path.empty());
    CHECK_FALSE(call.has_timeout);
    CHECK(read_call(SYS_mmap, {0, 4096, 3, 0x22, 0xffff'ffff, 0}).descriptor_count == 0);
    CHECK(read_call(SYS_sendfile, {0, 1, 0, 0}).descriptor_count == 2);
}
