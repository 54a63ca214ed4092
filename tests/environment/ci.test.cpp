// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/child.hpp"

#include <filesystem>
#include <utility>

namespace {

std::string const repository =
    std::filesystem::path{LOOPWATCH_TEST_SOURCE}.parent_path().parent_path().parent_path().string();

/// As in a job of GitHub's.
struct job {
    scratch_folder folder;
    child::variables variables{{"GITHUB_ACTIONS", "true"},
                               {"GITHUB_WORKSPACE", repository},
                               {"GITHUB_STEP_SUMMARY", folder.with("summary.md", "# What was there\n")}};

    [[nodiscard]] std::string summary() const { return folder.content("summary.md"); }
    [[nodiscard]] child::variables with(std::string const& options) const
    {
        auto all = variables;
        all.emplace_back("LOOPWATCH_OPTIONS", options);
        return all;
    }
};

std::size_t annotations(std::string const& text)
{
    return count(text, "\n::error ") + (text.starts_with("::error ") ? 1 : 0);
}

}  // namespace

TEST_CASE("in a job of GitHub's a block is shown at its line, once, and in the step's summary", "[ci]")
{
    job const j;
    child c{{"load:300", "load:300", "between:300"}, j.variables};
    c.wait();
    INFO(c.out << c.err << j.summary());
    CHECK_THAT(c.out, contains("raised=1\nblocks=3\n"));
    CHECK(count(c.out, "::error") == 0);
    CHECK(annotations(c.err) == 2);
    CHECK_THAT(c.err, contains("::error file=tests/environment/child.cpp,line="));
    CHECK_THAT(c.err, contains(",title=Event loop \"code\" blocked for "));
    CHECK_THAT(c.err, contains("::blocking call: clock_nanosleep("));
    CHECK_THAT(c.err, contains("%0Aculprit: legacy::load("));
    CHECK_THAT(c.err, contains("%0Aculprit: app::between<1, 2>("));
    CHECK_THAT(c.err, contains("%0Afix: wait with steady_timer::async_wait\n"));

    auto const text = j.summary();
    CHECK(text.starts_with("# What was there\n\n### Blocked event loops\n\n| loop | cause |"));
    CHECK(count(text, "| code | blocking\\_call |") == 2);
    CHECK(count(text, "| `legacy::load(") == 1);
    CHECK(count(text, "| `tests/environment/child.cpp:") == 2);
    CHECK(count(text, " | 2 |\n") == 1);
    CHECK(count(text, " | 1 |\n") == 1);
}

TEST_CASE("elsewhere there is neither", "[ci]")
{
    job const j;
    auto const text = j.summary();
    auto const only = [&](std::string const& actions) {
        auto some = j.variables;
        some.front().second = actions;
        return some;
    };
    child unset{{"load:300"}, {j.variables.begin() + 1, j.variables.end()}};
    child empty{{"load:300"}, only("")};
    child other{{"load:300"}, only("false")};
    child off{{"load:300"}, j.with("ci=off")};
    for (child* const c : {&unset, &empty, &other, &off}) {
        c->wait();
        INFO(c->out << c->err);
        CHECK_THAT(c->out, contains("blocks=1\n"));
        CHECK(c->err.empty());
    }
    CHECK(j.summary() == text);
}

TEST_CASE("a CI page is told of blocks that count, and of nothing else", "[ci]")
{
    job const j;
    auto const before = j.summary();
    child clean{{"load:1"}, j.with("threshold=1s")};
    CHECK(clean.wait().err.empty());

    auto const suppressions = j.folder.with("s.txt", "culprit:legacy::load\n");
    child suppressed{{"load:300"}, j.with("suppressions=" + suppressions)};
    CHECK(suppressed.wait().err.empty());
    child recorded{{"load:300"}, j.with("baseline_update=1:baseline=" + j.folder / "b.txt")};
    CHECK(recorded.wait().err.empty());
    child blameless{{"load:300"}, j.with("raise_on=cpu")};
    CHECK(annotations(blameless.wait().err) == 0);
    CHECK(j.summary() == before);

    // A word in between is not told, the end is.
    child logs{{"--log", "load:1300"}, j.variables};
    logs.wait();
    INFO(logs.err);
    CHECK(count(logs.err, "and still blocked") == 1);
    CHECK(annotations(logs.err) == 1);
    CHECK_THAT(logs.err, contains("blocked for 1.3"));
}

TEST_CASE("a summary that can't be written is told of once", "[ci]")
{
    job const j;
    auto const [file, why] = GENERATE(values<std::pair<char const*, char const*>>({
        {"/no/such/folder/summary.md", "No such file or directory"},
        {"/dev/full", "No space left on device"},
    }));
    auto variables = j.variables;
    variables.back().second = file;
    child c{{"load:300", "load:300", "between:300"}, variables};
    c.wait();
    INFO(c.out << c.err);
    CHECK_THAT(c.out, contains("raised=1\nblocks=3\n"));
    CHECK(annotations(c.err) == 2);
    CHECK_THAT(c.err,
               contains(std::string{"loopwatch: GITHUB_STEP_SUMMARY "} + file + ": can't be written: " + why + "\n"));
    CHECK(count(c.err, "can't be written") == 1);

    // Where there is nothing to write, nobody needs the file.
    variables.emplace_back("LOOPWATCH_OPTIONS", "threshold=1s");
    child clean{{"load:1"}, variables};
    CHECK(clean.wait().err.empty());
}

TEST_CASE("a page is shown ten annotations of a process, and a row for each signature", "[ci]")
{
    job const j;
    std::vector<std::string> stalls;
    for (int i = 0; i < 15; ++i) stalls.push_back("numbered" + std::to_string(i) + ":40");
    child c{stalls, j.variables};
    c.wait();
    INFO(c.out << c.err << j.summary());
    auto const seen = count(c.out, "blocks: app::numbered<");  // a busy machine may excuse some
    CHECK(seen > 10);
    CHECK(annotations(c.err) == 10);
    CHECK(count(j.summary(), "`app::numbered<") == seen);
}

TEST_CASE("a forked child tells of its own blocks, and does not repeat its parent's", "[ci]")
{
    SECTION("one that does nothing")
    {
        job const j;
        child c{{"--fork-last", "load:300"}, j.variables};
        c.wait();
        CHECK(c.code == 0);
        CHECK(annotations(c.err) == 1);
        CHECK(count(j.summary(), "### Blocked") == 1);
    }
    SECTION("one that watches")
    {
        job const j;
        child c{{"--fork-first", "load:300"}, j.variables};
        c.wait();
        CHECK(c.code == 0);
        CHECK(annotations(c.err) == 2);
        CHECK(count(j.summary(), "### Blocked") == 2);
    }
}
