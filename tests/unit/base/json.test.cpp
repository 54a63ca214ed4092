// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/base/json.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

using namespace loopwatch::detail;

namespace {

std::string json_string(std::string_view text)
{
    std::string to;
    append_json_string(to, text);
    return to;
}

}  // namespace

TEST_CASE("what people write is in a JSON string as it is", "[json][portable]")
{
    CHECK(json_string("") == R"("")");
    CHECK(json_string("std::map<int, char const*>::at(int) && /srv/Grüße/日本/😀") ==
          R"("std::map<int, char const*>::at(int) && /srv/Grüße/日本/😀")");
}

TEST_CASE("what would end a JSON string, or a line, is escaped", "[json][portable]")
{
    using namespace std::string_view_literals;
    CHECK(json_string(R"(operator""_s \ ")") == R"("operator\"\"_s \\ \"")");
    CHECK(json_string("a\nb\rc\td") == R"("a\nb\rc\td")");
    CHECK(json_string("\0\x01\x1f\x7f\x1b[31m"sv) == R"("\u0000\u0001\u001f\u007f\u001b[31m")");
    CHECK(json_string("\xc2\x80 \xc2\x9b") == R"("\u0080 \u009b")");  // control characters of eight bits
}

TEST_CASE("each byte of a JSON string that is not UTF-8 is replaced", "[json][portable]")
{
    std::string const bad = "\xef\xbf\xbd";
    CHECK(json_string("a\xff"
                      "b") == '"' + ("a" + bad + "b") + '"');
    CHECK(json_string("\xc0\xaf") == '"' + bad + bad + '"');            // longer than need be
    CHECK(json_string("\xc2") == '"' + bad + '"');                      // cut off
    CHECK(json_string("\xc2\"") == '"' + bad + "\\\"" + '"');           // the quote is no part of it
    CHECK(json_string("\xed\xa0\x80") == '"' + bad + bad + bad + '"');  // half a surrogate
    CHECK(json_string("ab\xe6\x97") == "\"ab" + bad + bad + '"');       // cut off
    CHECK(json_string("\xf4\x90\x80\x80") == '"' + bad + bad + bad + bad + '"');
}

TEST_CASE("objects and arrays have their commas", "[json][portable]")
{
    json_writer json;
    json.begin_object();
    json.member("loop", std::string{"a \"b\""}).member("times", std::uint64_t{18446744073709551615U});
    json.key("none").begin_array().end_array();
    json.key("some").begin_array().value(1).value("two").begin_object().end_object().null().end_array();
    json.key("deep").begin_object().member("yes", true).end_object().member("no", false);
    json.end_object();
    CHECK(json.text() == R"({"loop":"a \"b\"","times":18446744073709551615,"none":[],)"
                         R"("some":[1,"two",{},null],"deep":{"yes":true},"no":false})");
    CHECK(!json.take().empty());
    CHECK(json.value("next").take() == R"("next")");
}

TEST_CASE("numbers are written so that they read back as the same", "[json][portable]")
{
    json_writer json;
    json.begin_array();
    json.value(-1LL).value(std::numeric_limits<std::int64_t>::min()).value(0.1).value(-2.5).value(1e300);
    json.value(std::numeric_limits<double>::infinity()).value(-std::numeric_limits<double>::infinity());
    json.value(std::numeric_limits<double>::quiet_NaN()).verbatim("12.500").end_array();
    CHECK(json.text() == "[-1,-9223372036854775808,0.1,-2.5,1e+300,null,null,null,12.500]");
}
