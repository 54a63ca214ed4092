// SPDX-License-Identifier: BSL-1.0
#include "coroutine/support/own_memory.hpp"
#include <loopwatch/impl/coroutine/awaiters.hpp>

#include <map>
#include <vector>

#include "support/catch.hpp"

#include <sys/mman.h>

using namespace loopwatch::detail;

namespace {

using word = std::uintptr_t;

constexpr awaitable_layout layout{0, 8, 16, 0};

/// A machine of words: what is not in it can't be read.
struct machine {
    std::map<word, word> heap;
    std::vector<word> stack = std::vector<word>(64, 0);
    std::vector<word> registers;
    std::vector<word> addresses;
    static constexpr word stack_base = 0x7000'0000;
    std::size_t reads{0};

    // Functions are of 0x100 bytes each, from 0x40'0000 to 0x50'0000.
    static word function_of(word address)
    {
        return address >= 0x400000 && address < 0x500000 ? address & ~word{0xff} : 0;
    }

    static constexpr word resume_of(int n) { return 0x400000 + static_cast<word>(n) * 0x200; }
    static constexpr word frame_of(int n) { return 0x100000 + static_cast<word>(n) * 0x1000; }
    static constexpr word promise_of(int n) { return frame_of(n) + 16; }
    static constexpr word slot(std::size_t i) { return stack_base + i * sizeof(word); }

    /// A coroutine frame; caller 0: none.
    void frame(int n, int caller, word thread)
    {
        word const f = frame_of(n);
        heap[f] = resume_of(n);
        heap[f + 8] = resume_of(n) + 0x100;
        heap[f + 16] = f;
        heap[f + 24] = thread;
        heap[f + 32] = caller ? promise_of(caller) : 0;
        for (word i = 40; i < 256; i += 8) heap[f + i] = 0x5555'5555'5555;
    }

    /// 1 runs and is awaited by 2, that by 3; its thread is in the stack at `at`; physical frame 1 is its own.
    static machine usual(std::size_t at = 40)
    {
        machine m;
        m.frame(1, 2, slot(at));
        m.frame(2, 3, 0);
        m.frame(3, 0, 0);
        m.stack[at] = promise_of(3);
        m.stack[5] = frame_of(1);
        m.addresses = {0x480010, resume_of(1) + 0x20, 0x490010};
        return m;
    }

    awaiter_chain find()
    {
        auto const memory = [this](word from, view<std::byte> to) {
            ++reads;
            std::size_t got = 0;
            for (; got + sizeof(word) <= to.size(); got += sizeof(word)) {
                auto const found = heap.find(from + got);
                if (found == heap.end()) break;
                std::memcpy(to.data() + got, &found->second, sizeof(word));
            }
            return got;
        };
        coroutine_evidence const evidence{
            .stack = {stack_base, {reinterpret_cast<std::byte const*>(stack.data()), stack.size() * sizeof stack[0]}},
            .registers = registers,
            .addresses = addresses};
        return find_awaiters(evidence, {&layout, 1}, memory, function_of);
    }
};

std::vector<word> awaiters(machine& m)
{
    auto const chain = m.find();
    if (chain.running == 0) CHECK(chain.size == 0);
    return {chain.awaiters().begin(), chain.awaiters().end()};
}
std::vector<word> const two_and_three{machine::resume_of(2), machine::resume_of(3)};

}  // namespace

TEST_CASE("search: from a frame on the stack to the end of its callers")
{
    auto m = machine::usual();
    auto const chain = m.find();
    CHECK(chain.running == machine::resume_of(1));
    CHECK(chain.running_frame == 1);
    CHECK(awaiters(m) == two_and_three);
}

TEST_CASE("search: from a register, and from a pointer to the promise")
{
    auto m = machine::usual();
    m.stack[5] = 0;
    CHECK(awaiters(m).empty());
    m.registers = {1, 2, machine::frame_of(1)};
    CHECK(awaiters(m) == two_and_three);
    m.registers = {machine::promise_of(1)};
    CHECK(awaiters(m) == two_and_three);
}

TEST_CASE("search: nothing is known of Asio, nothing is read")
{
    auto m = machine::usual();
    auto const memory = [](word, view<std::byte>) -> std::size_t { throw 1; };
    auto const function = [](word) -> word { throw 1; };
    CHECK(find_awaiters({.addresses = m.addresses}, {}, memory, function).running == 0);
}

TEST_CASE("search: whatever does not fit gives no chain")
{
    auto m = machine::usual();
    SECTION("the frame is not its handle's") { m.heap[machine::frame_of(1) + 16] = machine::frame_of(2); }
    SECTION("it is attached to nothing") { m.heap[machine::frame_of(1) + 24] = 0; }
    SECTION("it is attached to a thing elsewhere") { m.heap[machine::frame_of(1) + 24] = 0x2000; }
    SECTION("its function is none") { m.heap[machine::frame_of(1)] = 0x300000; }
    SECTION("its function is the middle of one") { m.heap[machine::frame_of(1)] += 4; }
    SECTION("it has come to its end") { m.heap[machine::frame_of(1)] = 0; }
    SECTION("its destroy function is none") { m.heap[machine::frame_of(1) + 8] = 0; }
    SECTION("an awaiter is not readable") { m.heap.erase(machine::frame_of(2) + 16); }
    SECTION("an awaiter's functions are not readable") { m.heap.erase(machine::frame_of(2)); }
    SECTION("an awaiter is attached") { m.heap[machine::frame_of(2) + 24] = machine::slot(40); }
    SECTION("an awaiter has come to its end") { m.heap[machine::frame_of(3)] = 0; }
    SECTION("a caller is missing") { m.heap[machine::frame_of(2) + 32] = 0; }
    SECTION("the last one has a caller") { m.heap[machine::frame_of(3) + 32] = machine::promise_of(2); }
    SECTION("the callers go in a circle")
    {
        m.stack[40] = machine::promise_of(9);
        m.heap[machine::frame_of(3) + 32] = machine::promise_of(2);
    }
    SECTION("the thread of execution has another end") { m.stack[40] = machine::promise_of(2); }
    SECTION("the thread of execution is over") { m.stack[40] = 0; }
    SECTION("a caller is no pointer") { m.heap[machine::frame_of(2) + 32] = 0x123; }
    CHECK(awaiters(m).empty());
    CHECK(m.find().running == 0);
    CHECK(m.reads < 5000);
}

TEST_CASE("search: the function of a running coroutine need not be seen, where its thread is on this stack")
{
    auto m = machine::usual();
    m.addresses = {0x480010};  // gcc's cold part has another start
    CHECK(awaiters(m) == two_and_three);
    CHECK(m.find().running_frame == awaiter_chain::nowhere);
}

TEST_CASE("search: a thread of execution on the heap counts if this stack points at it, and its function is seen")
{
    auto m = machine::usual();
    m.stack[40] = 0;
    m.heap[machine::frame_of(1) + 24] = 0x200000;
    m.heap[0x200000] = machine::promise_of(3);
    CHECK(awaiters(m).empty());
    m.stack[41] = 0x200008;  // behind it
    CHECK(awaiters(m).empty());
    m.stack[41] = 0x200000 - 0x1000;  // far before it
    CHECK(awaiters(m).empty());
    m.stack[41] = 0x200000 - 24;  // at what it may be part of
    CHECK(awaiters(m) == two_and_three);
    m.stack[41] = 0x200000;
    CHECK(awaiters(m) == two_and_three);
    m.addresses = {0x480010};
    CHECK(awaiters(m).empty());
}

TEST_CASE("search: of two that run, the inner one")
{
    auto m = machine::usual(40);
    m.frame(4, 5, machine::slot(20));
    m.frame(5, 0, 0);
    m.stack[20] = machine::promise_of(5);
    m.stack[30] = machine::frame_of(4);  // its frame was saved further out than the other's
    m.addresses = {machine::resume_of(4) + 4, 0x480010, machine::resume_of(1) + 0x20};
    CHECK(awaiters(m) == std::vector<word>{machine::resume_of(5)});

    // One on the heap, of which only the functions' order tells.
    m.heap[machine::frame_of(4) + 24] = 0x200000;
    m.heap[0x200000] = machine::promise_of(5);
    m.stack[21] = 0x200000;
    CHECK(awaiters(m) == std::vector<word>{machine::resume_of(5)});
    m.addresses = {machine::resume_of(1) + 4, 0x480010, machine::resume_of(4) + 0x20};
    CHECK(awaiters(m) == two_and_three);
    // Both of one function: it occurs once, so the other runs elsewhere; or twice, and nobody knows.
    m.heap[machine::frame_of(4)] = machine::resume_of(1);
    m.addresses = {machine::resume_of(1) + 4, 0x480010};
    CHECK(awaiters(m) == two_and_three);
    m.addresses = {machine::resume_of(1) + 4, 0x480010, machine::resume_of(1) + 4};
    CHECK(awaiters(m).empty());
}

TEST_CASE("search: a coroutine that is not proved to run, inside the running one, hides it")
{
    auto m = machine::usual();
    m.frame(6, 0, 0);
    m.stack[3] = machine::frame_of(6);
    CHECK(awaiters(m) == two_and_three);
    m.addresses = {machine::resume_of(1) + 0x20, machine::resume_of(6) + 0x20};
    CHECK(awaiters(m) == two_and_three);
    m.addresses = {machine::resume_of(6) + 0x20, machine::resume_of(1) + 0x20};
    CHECK(awaiters(m).empty());
    m.heap[machine::frame_of(6) + 24] = 0x200000;  // attached, to what nobody here points at
    CHECK(awaiters(m).empty());
}

TEST_CASE("search: a promise may be aligned to more than 16 bytes")
{
    for (word const offset : {word{32}, word{64}, word{128}}) {
        auto m = machine::usual();
        word const f = machine::frame_of(2);
        for (word const i : {word{32}, word{24}, word{16}})
            m.heap[f + offset + i - 16] = m.heap[f + i];  // the last first
        m.heap[f + 16] = 0;
        m.heap[machine::frame_of(1) + 32] = f + offset;
        CHECK(awaiters(m) == two_and_three);
    }
}

TEST_CASE("search: before a promise that is aligned to more lies what was there earlier")
{
    auto m = machine::usual();
    word const f = machine::frame_of(1);
    for (word const i : {word{0}, word{8}, word{16}}) m.heap[f + 64 + i] = m.heap[f + 16 + i];
    m.heap[f + 24] = 0;  // that coroutine has ended, at the same address
    CHECK(awaiters(m) == two_and_three);
}

TEST_CASE("search: frames at the end of what can be read")
{
    auto m = machine::usual();
    for (word i = 40; i < 256; i += 8) {
        m.heap.erase(machine::frame_of(1) + i);
        m.heap.erase(machine::frame_of(2) + i);
    }
    CHECK(awaiters(m) == two_and_three);
}

TEST_CASE("search: more than 64 awaiters are cut, more than 1024 given up")
{
    auto const of_length = [](int length) {
        machine m;
        m.frame(1, 2, machine::slot(40));
        for (int i = 2; i <= length; ++i) m.frame(i, i == length ? 0 : i + 1, 0);
        m.stack[40] = machine::promise_of(length);
        m.stack[5] = machine::frame_of(1);
        // Frames of one function, so that there are enough functions.
        for (int i = 1; i <= length; ++i) {
            m.heap[machine::frame_of(i)] = machine::resume_of(1);
            m.heap[machine::frame_of(i) + 8] = machine::resume_of(1) + 0x100;
        }
        return m.find();
    };
    CHECK(of_length(65).size == 64);
    CHECK_FALSE(of_length(65).cut);
    CHECK(of_length(66).size == 64);
    CHECK(of_length(66).cut);
    CHECK(of_length(1025).running != 0);
    CHECK(of_length(1026).running == 0);
}

TEST_CASE("search: a stack full of pointers is given up, not searched for ever")
{
    auto m = machine::usual();
    m.stack.assign(8192 * 4, 0);
    m.stack[40] = machine::promise_of(3);
    m.stack.back() = machine::frame_of(1);
    for (std::size_t i = 100; i < m.stack.size() - 1; ++i) m.stack[i] = 0x6000'0000 + i * 16;
    CHECK(awaiters(m).empty());
    CHECK(m.reads <= 1'100);  // of what is not there: each is a system call
}

TEST_CASE("search: an empty stack, and one that is not aligned")
{
    auto m = machine::usual();
    auto const none = [](word, view<std::byte>) -> std::size_t { return 0; };
    CHECK(find_awaiters({}, {&layout, 1}, none, machine::function_of).running == 0);
    coroutine_evidence const odd{
        .stack = {machine::stack_base + 3, {reinterpret_cast<std::byte const*>(m.stack.data()), 13}}};
    CHECK(find_awaiters(odd, {&layout, 1}, none, machine::function_of).running == 0);
}

TEST_CASE("own memory: what is not there is not read, and errno is kept")
{
    auto* const pages =
        static_cast<std::byte*>(::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE(pages != MAP_FAILED);
    ::munmap(pages + 4096, 4096);
    pages[4095] = std::byte{7};
    std::array<std::byte, 64> to{};
    errno = 42;
    own_memory const memory;
    CHECK(memory(reinterpret_cast<word>(pages + 4096), to) == 0);
    CHECK(memory(reinterpret_cast<word>(pages + 4032), to) == 64);
    CHECK(to[63] == std::byte{7});
    CHECK(memory(reinterpret_cast<word>(pages + 4064), to) == 32);
    CHECK(memory(0, to) == 0);
    CHECK(memory(~word{0} - 8, to) == 0);
    CHECK(errno == 42);
    ::munmap(pages, 4096);
}
