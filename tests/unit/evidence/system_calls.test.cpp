// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/evidence/system_calls.hpp>

#include <set>
#include <string_view>

using namespace loopwatch::detail;

TEST_CASE("numbers without a system call have no name", "[system_calls][portable]")
{
    CHECK(syscall_of(-1).name.empty());
    CHECK(syscall_of(423).name.empty());
    CHECK(syscall_of(424).name == "pidfd_send_signal");
    CHECK(syscall_of(469).name == "file_setattr");
    CHECK(syscall_of(470).name.empty());
    CHECK(syscall_of(0x4000'0000L).name.empty());
#if LOOPWATCH_HAS_LINUX_X86_64()
    CHECK(syscall_of(0).name == "read");
    CHECK(syscall_of(232).name == "epoll_wait");
    CHECK(syscall_of(334).name == "rseq");
#elif LOOPWATCH_HAS_LINUX_AARCH64()
    CHECK(syscall_of(63).name == "read");
    CHECK(syscall_of(244).name.empty());  // reserved for the machine, which has none
    CHECK(syscall_of(293).name == "rseq");
#endif
}

TEST_CASE("no system call is there twice, and a limit is some argument", "[system_calls][portable]")
{
    std::set<std::string_view> names;
    std::set<long> numbers;
    for (syscall_entry const& each : syscall_table) {
        INFO(each.name);
        CHECK(names.insert(each.name).second);
        if (each.number >= 0) CHECK(numbers.insert(each.number).second);
        CHECK((each.shape.limit == time_limit::none) == (each.shape.limit_at < 0));
    }
}
