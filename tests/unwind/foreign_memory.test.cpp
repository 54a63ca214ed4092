// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/unwind/foreign_memory_linux.hpp>

#include <array>
#include <cerrno>
#include <memory>
#include <numeric>

#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace loopwatch::detail;

namespace {

/// Two pages, of which the second is not there.
class half_mapped {
public:
    half_mapped() : size_{static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))}
    {
        void* const both = ::mmap(nullptr, 2 * size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        REQUIRE(both != MAP_FAILED);
        data = static_cast<unsigned char*>(both);
        REQUIRE(::munmap(data + size_, size_) == 0);
        for (std::size_t i = 0; i < size_; ++i) data[i] = static_cast<unsigned char>(i * 7);
    }
    ~half_mapped() { ::munmap(data, size_); }
    [[nodiscard]] std::uintptr_t end() const { return reinterpret_cast<std::uintptr_t>(data) + size_; }

    unsigned char* data;

private:
    std::size_t size_;
};

/// Not so under emulators and in some sandboxes.
bool may_read_by_one_call()
{
    char from = 1;
    char to = 0;
    iovec const into{&to, 1};
    iovec const of{&from, 1};
    return ::process_vm_readv(::getpid(), &into, 1, &of, 1, 0) == 1;
}

}  // namespace

TEST_CASE("memory that is there is read, however it lies to the blocks", "[foreign_memory]")
{
    std::array<unsigned char, 5000> from;
    std::iota(from.begin(), from.end(), static_cast<unsigned char>(0));
    auto const memory = std::make_unique<foreign_memory>();
    for (std::size_t offset : {0UL, 1UL, 511UL, 512UL, 1000UL})
        for (std::size_t size : {0UL, 1UL, 8UL, 513UL, 3000UL}) {
            std::array<unsigned char, 5000> to{};
            REQUIRE(memory->read(reinterpret_cast<std::uintptr_t>(from.data()) + offset, to.data(), size));
            CHECK(
                std::equal(to.begin(), to.begin() + static_cast<long>(size), from.begin() + static_cast<long>(offset)));
        }
}

TEST_CASE("memory that is not there is an answer, not a crash, and errno is kept", "[foreign_memory]")
{
    half_mapped const pages;
    auto const memory = std::make_unique<foreign_memory>();
    errno = 1234;
    std::uint64_t value = 0;
    CHECK(memory->get(pages.end() - 8, value));
    CHECK_FALSE(memory->get(pages.end() - 7, value));
    CHECK_FALSE(memory->get(pages.end(), value));
    CHECK_FALSE(memory->get(0, value));
    CHECK_FALSE(memory->get(~std::uintptr_t{0} - 3, value));
    CHECK_FALSE(memory->get(0x8000'0000'0000'0000, value));
    CHECK(errno == 1234);
}

TEST_CASE("what was read is remembered until it is to be forgotten", "[foreign_memory]")
{
    alignas(8) volatile int value = 1;
    auto const at = reinterpret_cast<std::uintptr_t>(&value);
    auto const memory = std::make_unique<foreign_memory>();
    int seen = 0;
    REQUIRE(memory->get(at, seen));
    std::size_t const fetches = memory->fetches();
    value = 2;
    REQUIRE(memory->get(at, seen));
    CHECK(seen == 1);
    CHECK(memory->fetches() == fetches);
    memory->forget();
    REQUIRE(memory->get(at, seen));
    CHECK(seen == 2);
}

TEST_CASE("what never changes is read once", "[foreign_memory]")
{
    auto const constant = std::make_unique<constant_blocks>();
    auto const memory = std::make_unique<foreign_memory>(constant.get());
    auto const fetches_of = [&](void const* at) {
        std::size_t const before = memory->fetches();
        memory->forget();
        unsigned char seen{};
        REQUIRE(memory->get(reinterpret_cast<std::uintptr_t>(at), seen));
        CHECK(seen == *static_cast<unsigned char const*>(at));
        return memory->fetches() - before;
    };
    static int volatile variable = 1;
    void const* const code = reinterpret_cast<void const*>(&read_own_memory);
    CHECK(fetches_of(code) == 1);
    CHECK(fetches_of(code) == 1);  // until it is known what never changes
    constant->find_memory();
    CHECK(fetches_of(code) == 1);
    for (int i = 0; i < 3; ++i) CHECK(fetches_of(code) == 0);
    for (int i = 0; i < 3; ++i) {
        variable = i;
        CHECK(fetches_of(const_cast<int const*>(&variable)) == 1);
    }
    half_mapped const pages;
    for (int i = 0; i < 3; ++i) CHECK(fetches_of(pages.data) == 1);
}

TEST_CASE("what was needed lately is read again by one call, as it is then", "[foreign_memory]")
{
    constexpr std::size_t count = 20;
    std::vector<std::array<unsigned char, 512>> blocks(2 * count);
    auto const memory = std::make_unique<foreign_memory>();
    auto const begin = (reinterpret_cast<std::uintptr_t>(blocks.data()) + 511) & ~std::uintptr_t{511};
    auto const check_all = [&](unsigned char value) {
        for (std::size_t i = 0; i < count; ++i) {
            unsigned char seen{};
            REQUIRE(memory->get(begin + 1024 * i, seen));
            CHECK(seen == value);
        }
    };
    bool const by_one_call = may_read_by_one_call();
    for (unsigned char value = 0; value < 4; ++value) {
        for (auto& each : blocks) each.fill(value);
        std::size_t const before = memory->fetches();
        memory->read_again();
        check_all(value);
        CHECK(memory->fetches() - before == (value == 0 || !by_one_call ? count : 0));
    }
    // What is not needed any more is read no more, but may be needed again.
    for (int i = 0; i < 5; ++i) memory->read_again();
    std::size_t const before = memory->fetches();
    check_all(3);
    CHECK(memory->fetches() - before == count);
}

TEST_CASE("memory that is gone does not keep the rest from being read again", "[foreign_memory]")
{
    // Whichever of these it is: they are read in the order of their places in the cache.
    std::size_t const gone = GENERATE(0U, 1U, 2U);
    auto const page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    void* const all = ::mmap(nullptr, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(all != MAP_FAILED);
    auto const at = [&](std::size_t which) { return static_cast<unsigned char*>(all) + which * page; };
    auto const memory = std::make_unique<foreign_memory>();
    auto const read_all_but = [&](std::size_t which) {
        for (std::size_t i = 0; i < 3; ++i) {
            unsigned char value{};
            if (i != which) CHECK(memory->get(reinterpret_cast<std::uintptr_t>(at(i)), value));
        }
    };
    read_all_but(3);
    REQUIRE(::munmap(at(gone), page) == 0);
    for (int i = 0; i < 3; ++i) {
        std::size_t const before = memory->fetches();
        memory->read_again();
        read_all_but(gone);
        if (i > 0 && may_read_by_one_call()) CHECK(memory->fetches() == before);
    }
    for (std::size_t i = 0; i < 3; ++i)
        if (i != gone) ::munmap(at(i), page);
}

TEST_CASE("a copy that runs into a hole stops there and says how far it came", "[foreign_memory]")
{
    half_mapped const pages;
    std::array<unsigned char, 4096> to{};
    CHECK(read_own_memory(pages.end() - 100, to.data(), to.size()) == 100);
    CHECK(to[99] == *(pages.data + (pages.end() - reinterpret_cast<std::uintptr_t>(pages.data)) - 1));
    CHECK(read_own_memory(pages.end(), to.data(), to.size()) == -EFAULT);
    CHECK(read_own_memory(pages.end(), to.data(), 0) == 0);

    std::vector<unsigned char> from(300'000, 42), large(from.size());
    REQUIRE(read_own_memory(reinterpret_cast<std::uintptr_t>(from.data()), large.data(), large.size()) ==
            static_cast<long>(large.size()));
    CHECK(large == from);
}

TEST_CASE("the file shows the same as the system call", "[foreign_memory]")
{
    half_mapped const pages;
    long const file = open_own_memory();
    REQUIRE(file >= 0);
    std::array<unsigned char, 4096> to{};
    CHECK(read_by_file(file, pages.end() - 100, to.data(), to.size()) == 100);
    CHECK(std::equal(to.begin(), to.begin() + 100, reinterpret_cast<unsigned char const*>(pages.end() - 100)));
    CHECK(read_by_file(file, pages.end(), to.data(), to.size()) == -EFAULT);
    CHECK(read_by_file(file, ~std::uintptr_t{0} - 7, to.data(), 8) == -EFAULT);
    CHECK(read_by_file(file, pages.end(), to.data(), 0) == 0);
    ::close(static_cast<int>(file));
}

TEST_CASE("the child of a fork reads its own memory", "[foreign_memory]")
{
    static int volatile value = 1;
    auto const memory = std::make_unique<foreign_memory>();
    int seen = 0;
    REQUIRE(memory->get(reinterpret_cast<std::uintptr_t>(&value), seen));
    pid_t const child = ::fork();
    if (child == 0) {
        value = 7;
        memory->forget();
        bool const read = memory->get(reinterpret_cast<std::uintptr_t>(&value), seen);
        ::_exit(read && seen == 7 ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}
