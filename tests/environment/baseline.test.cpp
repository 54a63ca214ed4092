// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/child.hpp"

#include <deque>
#include <string>
#include <string_view>

#include <loopwatch/impl/policy/replace_file.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace {

child::variables options(std::string const& text) { return {{"LOOPWATCH_OPTIONS", text}}; }

std::string const head = "# loopwatch's baseline: the blocks that are borne for now, each with its longest time\n";

/// A baseline that knows of one block.
std::string knows(std::string const& function, std::string const& cause, std::string const& milliseconds)
{
    return head + "culprit:" + function + " file=child.cpp cause=" + cause + " longest=" + milliseconds + "ms\n";
}

std::string const load = "legacy::load(std::chrono::duration<long, std::ratio<1l, 1000l>>)";
std::string const computes = "app::computes(std::chrono::duration<long, std::ratio<1l, 1000l>>)";

double recorded(std::string const& text, std::string const& function)
{
    auto const line = text.find("culprit:" + function);
    if (line == text.npos) return -1;
    std::string const rest = text.substr(line, text.find('\n', line) - line);
    constexpr std::string_view key = " longest=";
    auto const at = rest.find(key);
    return at == rest.npos ? -1 : std::stod(rest.substr(at + key.size()));
}

}  // namespace

TEST_CASE("the first run records what blocks, the next one bears it", "[baseline]")
{
    scratch_folder folder;
    auto const path = folder / "blocks.txt";
    child first{{"load:150", "load:120"}, options("baseline=" + path)};
    first.wait();
    INFO(first.out << first.err);
    CHECK_THAT(first.out, contains("raised=0\nblocks=0\nexcused=2\n"));
    CHECK(count(first.out, "excuse [recorded in baseline " + path + "]") == 2);
    CHECK(first.err == "loopwatch: baseline " + path + " was not there: its blocks are being recorded\n");

    auto const text = folder.content("blocks.txt");
    INFO(text);
    double const longest = recorded(text, load);
    CHECK(longest > 80);  // the longer of the two
    auto const longest_text = std::to_string(longest).substr(0, std::to_string(longest).size() - 5);
    CHECK(text == knows(load, "blocking_call", longest_text));
    CHECK(folder.files() == 1);

    child second{{"--log", "load:150"}, options("baseline=" + path)};
    second.wait();
    INFO(second.out << second.err);
    CHECK_THAT(second.out, contains("raised=0\nblocks=0\nexcused=1\n"));
    CHECK_THAT(second.out, contains("excuse [in baseline " + path + ": up to " + longest_text + " ms]"));
    CHECK(second.err.empty());
    CHECK(folder.content("blocks.txt") == text);
}

TEST_CASE("a baseline that an editor has put a byte order mark before is read", "[baseline]")
{
    scratch_folder folder;
    auto const path = folder.with("b.txt", "\xef\xbb\xbf" + knows(load, "blocking_call", "150.0"));
    child c{{"load:150"}, options("baseline=" + path)};
    c.wait();
    INFO(c.out << c.err);
    CHECK_THAT(c.out, contains("excuse [in baseline " + path + ": up to 150.0 ms]"));

    child updates{{"load:250"}, options("baseline_update=1:baseline=" + path)};
    updates.wait();
    CHECK(folder.content("b.txt").starts_with(head));
}

TEST_CASE("a block that is new, or worse than in the baseline, counts", "[baseline]")
{
    scratch_folder folder;
    auto const path = folder.with("b.txt", knows(load, "blocking_call", "100.0"));

    child another{{"computes:150", "load:150"}, options("baseline=" + path)};
    another.wait();
    INFO(another.out << another.err);
    CHECK_THAT(another.out, contains("raised=1\nblocks=1\nblocks: app::computes("));
    CHECK_THAT(another.out, contains("excused=1\nexcused: legacy::load("));

    child worse{{"load:300"}, options("baseline=" + path)};
    CHECK_THAT(worse.wait().out, contains("raised=1\nblocks=1\n"));
    child tolerated{{"load:300"}, options("baseline_factor=10:baseline=" + path)};
    CHECK_THAT(tolerated.wait().out, contains("raised=0\nblocks=0\nexcused=1\n"));
    child strict{{"load:150"}, options("baseline_factor=1:baseline=" + path)};
    CHECK_THAT(strict.wait().out, contains("raised=1\nblocks=1\n"));

    auto const other_cause = folder.with("c.txt", knows(load, "cpu", "4000.0"));
    child why{{"--baseline=" + other_cause, "load:150"}, {}};
    CHECK_THAT(why.wait().out, contains("raised=1\nblocks=1\n"));

    CHECK(folder.content("b.txt") == knows(load, "blocking_call", "100.0"));
}

TEST_CASE("while a borne block lasts there is no word of it, until it is worse", "[baseline]")
{
    scratch_folder folder;
    auto const path = folder.with("b.txt", knows(load, "blocking_call", "900.0"));
    child borne{{"--log", "load:1300"}, options("baseline=" + path)};
    child worse{{"--log", "load:2300"}, options("baseline=" + path)};
    CHECK(borne.wait().err.empty());
    worse.wait();
    INFO(worse.err);
    CHECK(count(worse.err, "loop blocked: block 1") == 2);  // after 2 s, and at its end
    CHECK(count(worse.err, "and still blocked") == 1);
}

TEST_CASE("baseline_update adds to a baseline that is there", "[baseline]")
{
    scratch_folder folder;
    auto const path = folder.with("b.txt", knows(computes, "cpu", "5000.0"));
    child c{{"load:150", "computes:150"}, options("baseline_update=1:baseline=" + path)};
    c.wait();
    INFO(c.out << c.err);
    CHECK_THAT(c.out, contains("raised=0\nblocks=0\nexcused=2\n"));
    CHECK(c.err.empty());
    auto const text = folder.content("b.txt");
    INFO(text);
    CHECK(recorded(text, load) > 40);
    CHECK(recorded(text, computes) == 5000);
    CHECK(count(text, "culprit:") == 2);
}

TEST_CASE("a run without any block has a baseline, too", "[baseline]")
{
    scratch_folder folder;
    auto const path = folder / "b.txt";
    child clean{{"load:1"}, options("threshold=1s:baseline=" + path)};
    clean.wait();
    CHECK(folder.content("b.txt") == head);
    child next{{"load:150"}, options("baseline=" + path)};
    CHECK_THAT(next.wait().out, contains("raised=1\nblocks=1\n"));
}

TEST_CASE("processes may record at once, and lose nothing", "[baseline]")
{
    scratch_folder folder;
    auto const path = folder / "b.txt";
    auto const how = options("threshold=10ms:baseline_update=1:baseline=" + path);
    std::deque<child> all;
    for (auto const* const function : {"load", "computes", "parse", "between"}) {
        std::vector<std::string> stalls;
        for (int time = 20; time < 80; time += 5) stalls.push_back(function + (":" + std::to_string(time)));
        all.emplace_back(stalls, how);
    }
    for (child& each : all) {
        each.wait();
        INFO(each.out << each.err);
        CHECK(each.code == 0);
        CHECK_THAT(each.out, contains("raised=0\nblocks=0\n"));
        CHECK(count(each.err, "loopwatch: ") == 0);
    }
    auto const text = folder.content("b.txt");
    INFO(text);
    for (auto const* const function : {"legacy::load(", "app::computes(", "vendored::parse(", "app::between<1, 2>("})
        CHECK(count(text, function) >= 1);
    CHECK(recorded(text, load) > 60);
    CHECK(folder.files() == 1);

    child later{{"load:150", "computes:150", "parse:150", "between:150"},
                options("baseline_factor=10:baseline=" + path)};
    CHECK_THAT(later.wait().out, contains("blocks=0\nexcused=4\n"));
}

TEST_CASE("of eighty processes that record one block each none is lost", "[baseline]")
{
    scratch_folder folder;
    child c{{"--race", folder / "b.txt"}, {}};
    CHECK(c.wait().code == 0);
    INFO(c.err);
    CHECK(count(folder.content("b.txt"), "culprit:round") == 80);
    CHECK(folder.files() == 1);
}

TEST_CASE("a forked child records what it sees", "[baseline]")
{
    scratch_folder folder;
    auto const path = folder / "b.txt";
    child c{{"--fork-first", "load:150"}, options("baseline_update=1:baseline=" + path)};
    c.wait();
    INFO(c.out << c.err);
    CHECK(c.code == 0);
    CHECK(count(c.out, "excuse [recorded in baseline") == 2);
    CHECK(count(folder.content("b.txt"), "legacy::load(") == 1);
}

TEST_CASE("a wrong baseline, or one that can't be written, stops the guard", "[baseline]")
{
    scratch_folder folder;
    auto const path = folder.with("b.txt", head + "culprit:f\n");
    child malformed{{"load:30"}, options("baseline=" + path)};
    CHECK(malformed.wait().code == 3);
    CHECK_THAT(malformed.out, contains("refused: loopwatch: " + path + ":2: lacks longest="));

    child nowhere{{"load:30"}, options("baseline=" + folder / "no/such/b.txt")};
    CHECK(nowhere.wait().code == 3);
    CHECK_THAT(nowhere.out, contains("no/such/b.txt: can't be written: No such file or directory"));
}

TEST_CASE("a lock that another program holds on the folder is not waited for longer than seconds", "[baseline]")
{
    scratch_folder folder;
    int const held = ::open((folder / ".").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    REQUIRE(::flock(held, LOCK_EX) == 0);
    child begins{{"load:30"}, options("baseline=" + folder / "b.txt")};
    CHECK(begins.wait().code == 3);
    CHECK_THAT(begins.out, contains("b.txt: can't be written: another program holds the lock of its folder"));

    auto const path = folder.with("known.txt", knows(computes, "cpu", "5.0"));
    child updates{{"load:300"}, options("baseline_update=1:baseline=" + path)};
    CHECK(updates.wait().code == 0);
    CHECK(count(updates.err, "known.txt: can't be written: another program holds the lock of its folder") == 1);
    CHECK(recorded(folder.content("known.txt"), load) < 0);
    ::close(held);
}

TEST_CASE("a file is not written through a link that lies in its way", "[baseline]")
{
    scratch_folder folder;
    auto const victim = folder.with("victim", "as it was");
    auto const in_the_way = folder / ("b.txt." + std::to_string(::getpid()) + ".tmp");
    REQUIRE(::symlink(victim.c_str(), in_the_way.c_str()) == 0);
    loopwatch::detail::replace_file(folder / "b.txt", "new");
    CHECK(folder.content("victim") == "as it was");
    CHECK(folder.content("b.txt") == "new");
    CHECK(folder.files() == 2);
}
