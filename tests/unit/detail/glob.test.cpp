// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/detail/glob.hpp>

using loopwatch::detail::glob_matches;
using loopwatch::detail::glob_matches_path;

TEST_CASE("a glob is like the whole text", "[glob][portable]")
{
    struct pair {
        char const* pattern;
        char const* text;
        bool alike;
    };
    auto const [pattern, text, alike] = GENERATE(values<pair>({
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"*", "", true},
        {"*", "anything/at all", true},
        {"**", "a", true},
        {"?", "a", true},
        {"?", "", false},
        {"?", "ab", false},
        {"load", "load", true},
        {"load", "Load", false},
        {"load", "reload", false},
        {"load", "loads", false},
        {"*load", "reload", true},
        {"load*", "loads", true},
        {"*legacy::*", "app::legacy::load(int)", true},
        {"*legacy::*", "app::legacies::load(int)", false},
        {"a*b*c", "abc", true},
        {"a*b*c", "aXXbXXbXXc", true},
        {"a*b*c", "aXXcXXb", false},
        {"*ab", "aab", true},
        {"*aab", "aaaab", true},
        {"a?c*", "abcd", true},
        {"*?", "", false},
        {"*?", "a", true},
        {"a*?", "a", false},
        {"f(int [3])", "f(int [3])", true},
        {"*.*", "a", false},
        {"*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
    }));
    INFO('"' << pattern << "\" and \"" << text << '"');
    CHECK(glob_matches(pattern, text) == alike);
}

TEST_CASE("the glob of a path may begin at any folder", "[glob][portable]")
{
    struct pair {
        char const* pattern;
        char const* path;
        bool alike;
    };
    auto const [pattern, path, alike] = GENERATE(values<pair>({
        {"third_party/*", "third_party/a.cpp", true},
        {"third_party/*", "/home/x/third_party/a.cpp", true},
        {"third_party/*", "/home/x/third_party/deep/a.cpp", true},
        {"third_party/*", "../third_party/a.cpp", true},
        {"third_party/*", "/home/x/my_third_party/a.cpp", false},
        {"/third_party/*", "/home/x/third_party/a.cpp", false},
        {"/third_party/*", "/third_party/a.cpp", true},
        {"a.cpp", "/home/x/a.cpp", true},
        {"a.cpp", "/home/x/ba.cpp", false},
        {"*.pb.cc", "/home/x/a.pb.cc", true},
        {"x/?.cpp", "/home/x/a.cpp", true},
        {"x/?.cpp", "/home/x/y/a.cpp", false},
    }));
    INFO('"' << pattern << "\" and \"" << path << '"');
    CHECK(glob_matches_path(pattern, path) == alike);
}
