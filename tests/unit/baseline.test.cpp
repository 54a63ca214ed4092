// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/detail/baseline/baseline_file.hpp>
#include <loopwatch/detail/baseline/baseline_text.hpp>
#include <loopwatch/detail/signature.hpp>

#include <filesystem>
#include <string>

using namespace loopwatch;
using namespace std::chrono_literals;
using detail::baseline_text;
using detail::known_blocks;
using detail::read_baseline;

TEST_CASE("a baseline is sorted, one block a line", "[baseline][portable]")
{
    known_blocks const blocks{
        {{"load(std::string)", "app.cpp", cause::disk}, 48'123'456ns},
        {{"load(std::string)", "app.cpp", cause::cpu}, 1s},
        {{"", "", cause::unknown}, 20ms},
    };
    CHECK(baseline_text(blocks) == R"json({
  "loopwatch_baseline": 1,
  "blocks": [
    {"culprit": "", "file": "", "cause": "unknown", "longest_ms": 20.0},
    {"culprit": "load(std::string)", "file": "app.cpp", "cause": "cpu", "longest_ms": 1000.0},
    {"culprit": "load(std::string)", "file": "app.cpp", "cause": "disk", "longest_ms": 48.2}
  ]
}
)json");
    CHECK(baseline_text({}) == "{\n  \"loopwatch_baseline\": 1,\n  \"blocks\": []\n}\n");
}

TEST_CASE("what is written is read again", "[baseline][portable]")
{
    auto const* const name = GENERATE(values<char const*>({
        "",
        "f()",
        "operator\"\"_km(long double)",
        "back\\slash \\u0041",
        "tab\t line\n return\r bell\a escape\x1b",
        "grüße::größe(日本語)",
        "\xf0\x9f\x8c\x80",
        "a, b]}{[:",
    }));
    known_blocks const blocks{{{name, name, cause::lock}, 50ms}, {{name, "z", cause::cpu}, 123'400us}};
    CHECK(read_baseline(baseline_text(blocks), "b") == blocks);
    CHECK(read_baseline(baseline_text({}), "b").empty());
}

TEST_CASE("what an earlier release has written is of the functions as they are called now", "[baseline][portable]")
{
    known_blocks const before{{{"void app::f<int>(int)", "app.cpp", cause::cpu}, 20ms},
                              {{"app::g()::{lambda(int)#1}::operator()(int) const", "app.cpp", cause::cpu}, 20ms},
                              {{"app::g()::{lambda(int)#2}::operator()(int) const", "app.cpp", cause::cpu}, 30ms}};
    known_blocks const now{{{"app::f<int>(int)", "app.cpp", cause::cpu}, 20ms},
                           {{"app::g()::{lambda}", "app.cpp", cause::cpu}, 30ms}};
    CHECK(renamed(before) == now);
    CHECK(renamed(now) == now);
}

TEST_CASE("a time is kept to the tenth of a millisecond, and never shortened", "[baseline][portable]")
{
    auto const again = [](std::chrono::nanoseconds d) {
        return read_baseline(baseline_text({{{"f", "", cause::cpu}, d}}), "b").begin()->longest;
    };
    CHECK(again(20ms) == 20ms);
    CHECK(again(20ms + 1ns) == 20'100us);
    CHECK(again(99'950us) == 100ms);
    CHECK(again(detail::as_in_baseline(123'456'789ns)) == detail::as_in_baseline(123'456'789ns));
    for (auto d = 1ms; d < 3s; d += 17ms) CHECK(again(d) == d);
}

TEST_CASE("other writers' blanks, escapes and repetitions are read as well", "[baseline][portable]")
{
    auto const blocks = read_baseline(
        "{\"loopwatch_baseline\":1,\r\n\"blocks\":[{\"culprit\":\"\\u0066\\t\\/"
        "\\u00e9\\u65e5\\ud83c\\udf00\\b\\f\\n\\r\","
        "\"file\":\"a\",\"cause\":\"cpu\",\"longest_ms\":7},"
        "{\"culprit\":\"g\",\"file\":\"a\",\"cause\":\"cpu\",\"longest_ms\":9.5},\n\t"
        "{\"culprit\":\"g\",\"file\":\"a\",\"cause\":\"cpu\",\"longest_ms\":8}]}",
        "b");
    CHECK(blocks ==
          known_blocks{{{"f\t/é日\xf0\x9f\x8c\x80\b\f\n\r", "a", cause::cpu}, 7ms}, {{"g", "a", cause::cpu}, 9500us}});
}

TEST_CASE("what is wrong in a baseline is named by file and line", "[baseline][portable]")
{
    struct wrong {
        std::string text;
        char const* line;
        char const* why;
    };
    std::string const head = "{\n\"loopwatch_baseline\": 1,\n\"blocks\": [\n";
    std::string const block = R"({"culprit": "f", "file": "", "cause": "cpu", "longest_ms": 1.0})";
    auto const [text, line, why] = GENERATE_COPY(values<wrong>({
        {"", "1", "here { should stand, and not the end"},
        {"[]", "1", "here { should stand, and not \"[]\""},
        {"{\n\"blocks\": []}", "2", "here \"loopwatch_baseline\" should stand"},
        {"{\"loopwatch_baseline\": 2,\n\"blocks\": []}", "1", "another version"},
        {"{\"loopwatch_baseline\": one,\n\"blocks\": []}", "1", "a number should stand"},
        {head + block + "\n", "5", "here ] should stand, and not the end"},
        {head + block + ",\n]}", "5", "here { should stand, and not \"]}\""},
        {head + block + "\n" + block + "]}", "5", "here ] should stand"},
        {head + "<<<<<<< HEAD\n" + block + "]}", "4", "here { should stand, and not \"<<<<<<< HEAD\""},
        {head + block + "]}\n\n{", "6", "something stands behind the end"},
        {head + R"({"culprit": "f", "file": "", "cause": "disc", "longest_ms": 1.0}]})", "4", "no cause \"disc\""},
        {head + R"({"culprit": "f", "file": "", "cause": "cpu", "longest_ms": -1}]})", "4", "a number should stand"},
        {head + R"({"culprit": "f", "file": "", "cause": "cpu", "longest_ms": 1.2.3}]})", "4", "1.2.3 is no number"},
        {head + R"({"culprit": "f", "file": "", "cause": "cpu", "longest_ms": 99999999999999}]})", "4", "is no number"},
        {head + R"({"culprit": "f", "file": "", "cause": "cpu", "longest": 1}]})", "4", "here \"longest_ms\" should"},
        {head + R"({"culprit": "f", "cause": "cpu", "longest_ms": 1}]})", "4", "here \"file\" should stand"},
        {head + R"({"culprit": "f)", "4", "the closing \""},
        {head + "{\"culprit\": \"f\n\"", "4", "the closing \""},
        {head + R"({"culprit": "\x")", "4", "behind a \\"},
        {head + R"({"culprit": "\u12)", "4", "four digits"},
        {head + R"({"culprit": "\u12g4")", "4", "four digits"},
        {head + R"({"culprit": "\ud83c")", "4", "half of a pair"},
        {head + R"({"culprit": "\ud83c\u0041")", "4", "half of a pair"},
        {head + R"({"culprit": "\udf00")", "4", "half of a pair"},
    }));
    INFO(text);
    try {
        static_cast<void>(read_baseline(text, "dir/b.json"));
        FAIL("accepted");
    } catch (std::invalid_argument const& e) {
        CHECK_THAT(e.what(), contains(std::string{"loopwatch: dir/b.json:"} + line + ": "));
        CHECK_THAT(e.what(), contains(why));
    }
}

TEST_CASE("a signature says nothing of addresses, lines and folders", "[baseline][portable]")
{
    frame culprit;
    culprit.address = 4711;
    culprit.function = "app::load(int)";
    culprit.file = "/home/x/src/app.cpp";
    culprit.line = 60;
    frame libc;
    libc.function = "read";
    libc.module = "/lib/libc.so.6";
    frame unnamed;
    unnamed.module = "/lib/libc.so.6";

    block_report r;
    r.cause = cause::disk;
    r.stack = {unnamed, libc, culprit};
    CHECK(detail::signature_of(r) == detail::block_signature{"app::load(int)", "app.cpp", cause::disk});
    r.stack = {unnamed, libc};
    CHECK(detail::signature_of(r) == detail::block_signature{"read", "", cause::disk});
    r.stack = {unnamed};
    CHECK(detail::signature_of(r) == detail::block_signature{"", "", cause::disk});
}

TEST_CASE("what is recorded is written when it is over, and when it is new or longer", "[baseline][portable]")
{
    auto const unique = std::to_string(std::chrono::steady_clock::now().time_since_epoch().count());
    auto const path = (std::filesystem::temp_directory_path() / ("loopwatch-unit-" + unique + ".json")).string();
    auto const written = [&] { return read_baseline(*detail::read_file(path, "baseline"), path); };
    block_report r;
    r.cause = cause::cpu;
    r.own_duration = 30ms;
    detail::block_signature const which = detail::signature_of(r);

    detail::baseline_file recording{path, true};
    CHECK(written().empty());
    CHECK(recording.excuse_for(r, 2, false) == "recorded in baseline " + path);
    CHECK(written().empty());
    CHECK(recording.excuse_for(r, 2, true) == "recorded in baseline " + path);
    CHECK(written() == known_blocks{{which, 30ms}});
    r.own_duration = 50ms;
    CHECK_FALSE(recording.excuse_for(r, 2, true).empty());
    r.own_duration = 40ms;
    CHECK_FALSE(recording.excuse_for(r, 2, true).empty());
    CHECK(written() == known_blocks{{which, 50ms}});

    detail::baseline_file reading{path, false};
    r.own_duration = 100ms;
    CHECK(reading.excuse_for(r, 2, true) == "in baseline " + path + ": up to 50.0 ms");
    CHECK(reading.excuse_for(r, 1.9, true).empty());
    r.own_duration = 101ms;
    CHECK(reading.excuse_for(r, 2, true).empty());
    r.cause = cause::disk;
    CHECK(reading.excuse_for(r, 2, true).empty());
    CHECK(written() == known_blocks{{which, 50ms}});
    std::filesystem::remove(path);
}
