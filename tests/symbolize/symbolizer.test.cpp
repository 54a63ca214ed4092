// SPDX-License-Identifier: BSL-1.0
#include "nested.hpp"

#include "support/catch.hpp"

#include <loopwatch/block_report.hpp>
#include <loopwatch/impl/capture/snapshot.hpp>
#include <loopwatch/impl/symbolize/symbolize.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <unistd.h>

namespace {

using loopwatch::detail::symbolizer;

std::vector<loopwatch::frame> named(symbolizer& names, void const* return_address)
{
    loopwatch::detail::snapshot s{};
    s.addresses[0] = reinterpret_cast<std::uintptr_t>(return_address);
    s.size = 1;
    return names(s);
}

/// A copy of a plugin at a path of its own, loaded as long as this lives.
class loaded {
public:
    loaded(std::filesystem::path const& plugin, std::filesystem::path path) : path_{std::move(path)}
    {
        std::filesystem::remove(path_);
        std::filesystem::copy_file(plugin, path_);
        handle_ = ::dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (handle_ == nullptr) FAIL(::dlerror());
    }
    loaded(loaded const&) = delete;
    loaded& operator=(loaded const&) = delete;
    ~loaded()
    {
        ::dlclose(handle_);
        std::filesystem::remove(path_);
    }

    [[nodiscard]] void const* place() const
    {
        // A return address: the symbolizer looks up what is before it.
        return static_cast<char const*>(reinterpret_cast<void const* (*)()>(::dlsym(handle_, "place"))()) + 1;
    }

private:
    std::filesystem::path path_;
    void* handle_;
};

std::filesystem::path own_path()
{
    return std::filesystem::temp_directory_path() / ("loopwatch_plugin_" + std::to_string(::getpid()) + ".so");
}

}  // namespace

TEST_CASE("functions that are defined in a function have a file and a line")
{
    symbolizer names;
    for (place const& p : in_functions_of_a_function()) {
        auto const frames = named(names, p.address);
        REQUIRE(frames.size() == 1);
        CAPTURE(frames[0].function);
        CHECK(frames[0].line == p.line);
        CHECK(frames[0].file.ends_with("nested.cpp"));
    }
}

TEST_CASE("another library that comes to the place of one that was unloaded is read anew")
{
    symbolizer names;
    void const* before = nullptr;
    {
        loaded const a{SYMBOLIZE_PLUGIN_A, own_path()};
        before = a.place();
        auto const frames = named(names, before);
        CHECK(frames.back().function == "function_of_a");
        CHECK(frames.back().line == 2);
    }
    loaded const b{SYMBOLIZE_PLUGIN_B, own_path()};
    if (b.place() != before) WARN("the loader chose another place, so that this proves nothing");
    auto const frames = named(names, b.place());
    CHECK(frames.back().function == "function_of_b");
    CHECK(frames.back().line == 4);
}

#if LOOPWATCH_HAS_LIBDW()  // libbacktrace does not compare the file with what is loaded
TEST_CASE("a library that was replaced on disk is not named from the new file")
{
    symbolizer names;
    loaded const a{SYMBOLIZE_PLUGIN_A, own_path()};
    std::filesystem::remove(own_path());
    std::filesystem::copy_file(SYMBOLIZE_PLUGIN_B, own_path());
    auto const frames = named(names, a.place());
    CHECK(frames.back().function == "function_of_a");
    CHECK(frames.back().line == 0);
}

TEST_CASE("no file of a module stays open")
{
    auto const open_files = [] { return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, {}); };
    auto const before = open_files();
    loaded const a{SYMBOLIZE_PLUGIN_A, own_path()};
    symbolizer names;
    CHECK(named(names, a.place()).back().line == 2);
    CHECK(named(names, in_functions_of_a_function().front().address).front().line != 0);
    CHECK_FALSE(named(names, reinterpret_cast<void const*>(&::getenv)).empty());
    CHECK(open_files() == before);
}
#endif

TEST_CASE("a function without a symbol does not take the name of one before it")
{
    symbolizer names;
    loaded const stripped{SYMBOLIZE_PLUGIN_STRIPPED, own_path()};
    auto const frames = named(names, stripped.place());
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].function.empty());
}

TEST_CASE("debug information is found in the file that a library names, next to it")
{
    symbolizer names;
    void* const handle = ::dlopen(SYMBOLIZE_PLUGIN_LINKED, RTLD_NOW | RTLD_LOCAL);
    REQUIRE(handle != nullptr);
    auto const* const function = reinterpret_cast<void const* (*)()>(::dlsym(handle, "place"))();
    auto const frames = named(names, static_cast<char const*>(function) + 1);
    CHECK(frames.back().line == 2);
    CHECK(frames.back().file.ends_with("plugin_a.cpp"));
    ::dlclose(handle);
}
