// SPDX-License-Identifier: BSL-1.0

#include "exact/written_down.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <string>

#include <dlfcn.h>

TEST_CASE("a plugin's handlers are written down where the program's are")
{
    void* const plugin = ::dlopen(EXACT_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    REQUIRE(plugin != nullptr);
    auto* const post =
        reinterpret_cast<void (*)(net::io_context&, void (*)(void*), void*)>(::dlsym(plugin, "post_from_plugin"));
    REQUIRE(post != nullptr);

    struct seen {
        std::uint32_t depth{0};
        std::string type;
    } in_handler;
    net::io_context loop{1};
    post(
        loop,
        [](void* to) {
            auto& all = *static_cast<seen*>(to);
            all.depth = depth();
            if (all.depth > 0) all.type = type_name(innermost());
        },
        &in_handler);
    loop.run();
    CHECK(in_handler.depth == 1);
    CHECK_THAT(in_handler.type, contains("post_from_plugin"));
    CHECK(depth() == 0);
    ::dlclose(plugin);
}
