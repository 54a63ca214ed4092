// SPDX-License-Identifier: BSL-1.0
#include "nested.hpp"

namespace {
[[gnu::noinline]] void const* here() { return __builtin_return_address(0); }
}  // namespace

// The debug information has the functions that are defined in it inside of it.
std::vector<place> in_functions_of_a_function()
{
    struct local {
        static place function() { return {here(), __LINE__}; }
        place member() const { return {here(), __LINE__}; }
    };
    auto const lambda = [] { return place{here(), __LINE__}; };
    auto const nested = [] { return [] { return place{here(), __LINE__}; }(); };
    place (*const as_pointer)() = [] { return place{here(), __LINE__}; };
    std::vector<place> places{local::function(), local{}.member(), lambda(), nested(), as_pointer()};
    {
        auto const in_block = [] { return place{here(), __LINE__}; };
        places.push_back(in_block());
    }
    return places;
}
