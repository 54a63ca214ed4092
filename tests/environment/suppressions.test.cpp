// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/child.hpp"

namespace {

child::variables const none;

child::variables options(std::string const& text) { return {{"LOOPWATCH_OPTIONS", text}}; }

}  // namespace

TEST_CASE("a suppressed block raises nothing, and is told with its excuse", "[suppressions]")
{
    scratch_folder folder;
    struct file {
        char const* line;
        char const* excuse;
    };
    auto const [line, excuse] = GENERATE(values<file>({
        {"culprit:legacy::*  # rewrite under way", "suppressed by FILE:2 (rewrite under way)"},
        {"stack:*net::*\nstack:main", "suppressed by FILE:3"},
        {"file:environment/child.cpp", "suppressed by FILE:2"},
        {"cause:blocking_call until=9999-12-31", "suppressed by FILE:2"},
    }));
    auto const path = folder.with("s.txt", std::string{"# head\n"} + line + "\n");
    std::string expected = excuse;
    expected.replace(expected.find("FILE"), 4, path);

    child by_environment{{"load:300"}, options("suppressions=" + path)};
    child by_option{{"--suppressions=" + path, "load:300"}, none};
    for (child* const c : {&by_environment, &by_option}) {
        c->wait();
        INFO(c->out << c->err);
        CHECK(c->code == 0);
        CHECK_THAT(c->out, contains("raised=0\nblocks=0\nexcused=1\nexcused: legacy::load("));
        CHECK_THAT(c->out, contains("excuse [" + expected + "]"));
        CHECK(count(c->err, "loop delayed") == 0);
    }
}

TEST_CASE("a byte order mark is no part of a file's first line", "[suppressions]")
{
    scratch_folder folder;
    auto const path = folder.with("s.txt",
                                  "\xef\xbb\xbf"
                                  "culprit:legacy::*\r\n");
    child c{{"load:300"},
            options("\xef\xbb\xbf"
                    "suppressions=" +
                    path)};
    c.wait();
    INFO(c.out << c.err);
    CHECK(c.code == 0);
    CHECK_THAT(c.out, contains("excuse [suppressed by " + path + ":1]"));

    auto const wide = folder.with("wide.txt", std::string{"\xff\xfe"
                                                          "c\0u\0",
                                                          6});
    child refused{{"load:30"}, options("suppressions=" + wide)};
    CHECK(refused.wait().code == 3);
    CHECK_THAT(refused.out,
               contains("refused: loopwatch: suppressions " + wide + ": is UTF-16 text: save it as UTF-8"));
}

TEST_CASE("a suppression leaves the other blocks", "[suppressions]")
{
    scratch_folder folder;
    auto const path = folder.with("s.txt", "file:third_party/*\n");
    child c{{"parse:300", "load:300", "computes:300"}, options("action=log:suppressions=" + path)};
    c.wait();
    INFO(c.out << c.err);
    CHECK_THAT(c.out, contains("blocks=2\nblocks: legacy::load("));
    CHECK_THAT(c.out, contains("blocks: app::computes("));
    CHECK_THAT(c.out, contains("excused=1\nexcused: vendored::parse("));
    // Each once, and besides while it lasts, if a busy machine has it last for a second.
    CHECK(count(c.err, "loop blocked") - count(c.err, "and still blocked") == 2);
    CHECK(count(c.err, "parse") == 0);
}

TEST_CASE("while a suppressed block lasts there is no word of it, and a sink hears nothing", "[suppressions]")
{
    scratch_folder folder;
    auto const path = folder.with("s.txt", "culprit:legacy::load\n");
    child logs{{"--log", "load:1300"}, options("suppressions=" + path)};
    child sinks{{"--sink", "load:300"}, options("suppressions=" + path)};
    child unsuppressed{{"--log", "load:1300"}, none};
    logs.wait();
    INFO(logs.out << logs.err);
    CHECK_THAT(logs.out, contains("blocks=0\nexcused=1\n"));
    CHECK(logs.err.empty());
    CHECK(count(sinks.wait().out, "sink\n") == 0);
    CHECK(count(unsuppressed.wait().err, "and still blocked") == 1);  // else the first proves nothing
}

TEST_CASE("suppressions that suppressed nothing, or have expired, are told at exit", "[suppressions]")
{
    scratch_folder folder;
    auto const path = folder.with("s.txt",
                                  "culprit:legacy::load until=2020-02-29 # gone\n"
                                  "culprit:app::computes\n"
                                  "stack:*nobody*\n");
    std::string const expired = "loopwatch: " + path + ":1: expired after 2020-02-29: culprit:legacy::load\n";
    std::string const unused = "loopwatch: " + path + ":3: suppressed nothing: stack:*nobody*\n";
    std::vector<std::string> const stalls{"load:300", "computes:300"};

    child c{stalls, options("suppressions=" + path)};
    c.wait();
    INFO(c.out << c.err);
    CHECK_THAT(c.out, contains("raised=1\nblocks=1\nblocks: legacy::load("));
    CHECK_THAT(c.out, contains("excused=1\nexcused: app::computes("));
    CHECK(c.err == expired + unused);

    child quiet{stalls, options("report_unused=0:suppressions=" + path)};
    CHECK(quiet.wait().err == expired);
}

TEST_CASE("of a file that no guard used nothing is said, and a forked child repeats nothing", "[suppressions]")
{
    scratch_folder folder;
    auto const path = folder.with("s.txt", "stack:*nobody*\n");
    std::string const unused = "loopwatch: " + path + ":1: suppressed nothing: stack:*nobody*\n";

    child off{{"load:30"}, options("loopwatch=off:suppressions=" + path)};
    CHECK(off.wait().err.empty());

    child forks_last{{"--fork-last", "load:1"}, options("threshold=1s:suppressions=" + path)};
    forks_last.wait();
    INFO(forks_last.out << forks_last.err);
    CHECK(forks_last.code == 0);
    CHECK(forks_last.err == unused);

    // One that reads it by itself speaks for itself.
    child forks_first{{"--fork-first", "load:1"}, options("threshold=1s:suppressions=" + path)};
    forks_first.wait();
    CHECK(forks_first.code == 0);
    CHECK(forks_first.err == unused + unused);
}

TEST_CASE("a wrong file of suppressions stops the guard", "[suppressions]")
{
    scratch_folder folder;
    auto const path = folder.with("s.txt", "culprit:f\nculprti:g\n");
    child malformed{{"load:30"}, options("suppressions=" + path)};
    CHECK(malformed.wait().code == 3);
    CHECK_THAT(malformed.out, contains("refused: loopwatch: " + path + ":2: \"culprti\": must begin with culprit:"));

    child missing{{"--suppressions=/no/such/file", "load:30"}, none};
    CHECK(missing.wait().code == 3);
    CHECK_THAT(missing.out, contains("refused: loopwatch: suppressions /no/such/file: there is no such file"));

    child unreadable{{"load:30"}, options("suppressions=/")};
    CHECK(unreadable.wait().code == 3);
    CHECK_THAT(unreadable.out, contains("refused: loopwatch: suppressions /: can't be read: "));
}
