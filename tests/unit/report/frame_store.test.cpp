// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/report/frame_store.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

using namespace loopwatch;
using namespace loopwatch::detail;

namespace {

frame stored_frame(std::uintptr_t address)
{
    return {.address = address,
            .function = "app::function_" + std::to_string(address),
            .file = "/home/us/app.cpp",
            .line = 7,
            .module = "/home/us/app",
            .module_offset = address - 1};
}

}  // namespace

TEST_CASE("equal frames are kept once", "[portable]")
{
    frame_store store;
    auto const first = store(stored_frame(1));
    auto const again = store(stored_frame(1));
    CHECK(first.get() == again.get());
    CHECK(first->what == stored_frame(1));
    CHECK(store.size() == 1);
}

TEST_CASE("frames that differ in anything are two", "[portable]")
{
    frame_store store;
    frame const one = stored_frame(1);
    auto const differs = [&](auto change) {
        frame other = one;
        change(other);
        auto const kept = store(other);
        return kept->what == other && kept.get() != store(one).get();
    };
    CHECK(differs([](frame& f) { f.address = 2; }));
    CHECK(differs([](frame& f) { f.function = "app::other()"; }));
    CHECK(differs([](frame& f) { f.file = "/home/us/other.cpp"; }));
    CHECK(differs([](frame& f) { f.line = 8; }));
    CHECK(differs([](frame& f) { f.module = "/home/us/other"; }));
    CHECK(differs([](frame& f) { f.module_offset = 77; }));
    CHECK(differs([](frame& f) { f.inlined = true; }));
    CHECK(differs([](frame& f) { f.coroutine = true; }));
    CHECK(differs([](frame& f) { f.origin = code_origin::library; }));
    CHECK(differs([](frame& f) { f.outside = true; }));
}

TEST_CASE("frames that no stack has any more go, and those in use stay", "[portable]")
{
    frame_store store;
    shared_stack in_use;
    for (std::uintptr_t i = 0; i < 100; ++i) in_use.push_back(store(stored_frame(i)));
    std::size_t most = 0;
    for (std::uintptr_t i = 1000; i < 100'000; ++i) {
        static_cast<void>(store(stored_frame(i)));
        most = store.size() > most ? store.size() : most;
    }
    CHECK(most == frame_store::least_room);
    for (std::uintptr_t i = 0; i < 100; ++i) CHECK(store(stored_frame(i)).get() == in_use[i].get());
}

TEST_CASE("the store has room for twice the frames that are in use", "[portable]")
{
    frame_store store;
    shared_stack in_use;
    for (std::uintptr_t i = 0; i < 1000; ++i) in_use.push_back(store(stored_frame(i)));
    CHECK(store.size() == 1000);
    std::size_t most = 0;
    for (std::uintptr_t i = 1000; i < 10'000; ++i) {
        static_cast<void>(store(stored_frame(i)));
        most = store.size() > most ? store.size() : most;
    }
    CHECK(most <= 2 * 1000);
    in_use.clear();
    for (std::uintptr_t i = 10'000; i < 13'000; ++i) static_cast<void>(store(stored_frame(i)));
    CHECK(store.size() <= frame_store::least_room);
}
