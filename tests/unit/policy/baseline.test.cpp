// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/policy/baseline_file.hpp>
#include <loopwatch/impl/policy/baseline_text.hpp>
#include <loopwatch/impl/policy/signature.hpp>

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
    std::string const head = "# loopwatch's baseline: the blocks that are borne for now, each with its longest time\n";
    CHECK(baseline_text(blocks) == head +
                                       "culprit: file= cause=unknown longest=20.0ms\n"
                                       "culprit:load(std::string) file=app.cpp cause=cpu longest=1000.0ms\n"
                                       "culprit:load(std::string) file=app.cpp cause=disk longest=48.2ms\n");
    CHECK(baseline_text({}) == head);
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
        "operator%(big, int)",
        "a file=b cause=cpu longest=1ms # c",
        "100%25 %0a",
    }));
    known_blocks const blocks{{{name, name, cause::lock}, 50ms}, {{name, "z", cause::cpu}, 123'400us}};
    CHECK(read_baseline(baseline_text(blocks), "b") == blocks);
    CHECK(read_baseline(baseline_text({}), "b").empty());
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

TEST_CASE("what people have changed in a baseline is read as well", "[baseline][portable]")
{
    auto const blocks = read_baseline(
        "\r\n"
        "culprit: g()\tfile=a  cause=cpu longest=9.5ms  # since the rewrite\r\n"
        "  # culprit:f file=a cause=cpu longest=1s\n"
        "culprit:g() file=a cause=cpu longest=8ms\n"
        "culprit:operator%20(a) file=a%20b cause=disk longest=1s",
        "b");
    CHECK(blocks == known_blocks{{{"g()", "a", cause::cpu}, 9500us}, {{"operator (a)", "a b", cause::disk}, 1s}});
}

TEST_CASE("what is wrong in a baseline is named by file and line", "[baseline][portable]")
{
    struct wrong {
        char const* line;
        char const* why;
    };
    auto const [line, why] = GENERATE(values<wrong>({
        {"{", "JSON, as an earlier release wrote it"},
        {"<<<<<<< HEAD", "lacks longest="},
        {"culprit:f file=a cause=cpu", "lacks longest="},
        {"culprit:f file=a longest=1ms", "lacks cause="},
        {"culprit:f cause=cpu longest=1ms", "lacks file="},
        {"stack:f file=a cause=cpu longest=1ms", "\"stack\": must begin with culprit:"},
        {"f file=a cause=cpu longest=1ms", "\"f\": must begin with culprit:"},
        {"culprit:f file=a cause=disc longest=1ms", "there is no such cause"},
        {"culprit:f file=a cause=cpu longest=-1ms", "longest=-1ms: not a number with its unit"},
        {"culprit:f file=a cause=cpu longest=1", "longest=1: not"},
        {"culprit:f file=a cause=cpu longest=1.2.3ms", "longest=1.2.3ms: not"},
        {"culprit:f file=a cause=cpu longest=99999999999999s", "longest=99999999999999s: not"},
        {"culprit:f file=a longest=1ms cause=cpu", "lacks cause="},
    }));
    INFO(line);
    try {
        static_cast<void>(read_baseline("# head\n\n" + std::string{line}, "dir/b.txt"));
        FAIL("accepted");
    } catch (std::invalid_argument const& e) {
        CHECK_THAT(e.what(), contains("loopwatch: dir/b.txt:3: "));
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
    auto const path = (std::filesystem::temp_directory_path() / ("loopwatch-unit-" + unique + ".txt")).string();
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
