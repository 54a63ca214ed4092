// SPDX-License-Identifier: BSL-1.0

// Optimization inlines the user's functions; a report names them all the same.
#include "chain.hpp"
#include "support/catch.hpp"

#include <loopwatch/block_report.hpp>
#include <loopwatch/impl/symbolize/code_origin.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace {

struct call {
    std::string function;
    std::string source;
    bool operator==(call const&) const = default;
};

/// "upload" of "(anonymous namespace)::upload<int>(int)". These tests have no more than -g1, by which gcc writes
/// neither scope nor parameters of what it inlined and nobody else may call.
std::string bare(std::string const& function)
{
    if (function.ends_with("{lambda}") || function.ends_with("operator()")) return "lambda";
    std::string name = loopwatch::detail::without_arguments(loopwatch::detail::qualified_name(function));
    auto const scope = name.rfind("::");
    return scope == name.npos ? name : name.substr(scope + 2);
}

/// The user's functions down to the coroutine, with the lines of their calls; not what the chain calls.
std::vector<call> users_calls(loopwatch::block_report const& report)
{
    std::vector<call> calls;
    for (auto const& f : report.stack) {
        if (loopwatch::detail::base_name(f.file) != "chain.cpp") continue;
        auto const line = bare(f.function) == "burns" ? std::string{"any"} : std::to_string(f.line);
        calls.push_back({bare(f.function), line});
        if (f.coroutine) break;
    }
    return calls;
}

std::string text_of(std::vector<call> const& calls)
{
    std::string text;
    for (auto const& [function, source] : calls) text += function + ":" + source + " ";
    return text;
}

long inlined(loopwatch::block_report const& report)
{
    return std::ranges::count_if(report.stack, [](loopwatch::frame const& f) {
        return f.inlined && loopwatch::detail::base_name(f.file) == "chain.cpp";
    });
}

}  // namespace

TEST_CASE("a report names the same functions, lines and culprit at every optimization")
{
    auto const plain = chain_O0();
    auto const expected = users_calls(plain);
    INFO(to_string(plain, true));
    REQUIRE(expected.size() == 8);
    std::vector<std::string> names;
    for (auto const& c : expected) names.push_back(c.function);
    CHECK(names == std::vector<std::string>{"burns", "parses", "converts", "handle", "dispatches", "lambda", "applies",
                                            "serves"});
    CHECK(inlined(plain) == 0);
    REQUIRE(plain.culprit() != nullptr);
    CHECK(bare(plain.culprit()->function) == "burns");

    auto const check = [&](loopwatch::block_report const& optimized) {
        INFO(to_string(optimized, true));
        auto const calls = users_calls(optimized);
        CHECK(text_of(calls) == text_of(expected));
        CHECK(inlined(optimized) >= 4);
        REQUIRE(optimized.culprit() != nullptr);
        CHECK(bare(optimized.culprit()->function) == "burns");
        // What is inlined belongs to a frame further out, and shares its address.
        for (std::size_t i = 0; i + 1 < optimized.stack.size(); ++i)
            if (optimized.stack[i].inlined) CHECK(optimized.stack[i].address == optimized.stack[i + 1].address);
        REQUIRE(optimized.awaited_by.size() == plain.awaited_by.size());
        for (std::size_t i = 0; i < plain.awaited_by.size(); ++i)
            CHECK(optimized.awaited_by[i].function == plain.awaited_by[i].function);
    };
    SECTION("-O2") { check(chain_O2()); }
    SECTION("-O3") { check(chain_O3()); }
}
