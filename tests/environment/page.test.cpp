// SPDX-License-Identifier: BSL-1.0

// LOOPWATCH_OPTIONS=html=FILE. What a browser makes of the page is tested in tests/pictures.
#include "support/catch.hpp"
#include "support/child.hpp"

#include <loopwatch/detail/config.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace {

child::variables html(std::string const& file, std::string const& more = {})
{
    return {{"LOOPWATCH_OPTIONS", "html='" + file + "'" + more}};
}

/// What the page's script is given, which the script and the style around it are not.
std::string data(std::string const& page)
{
    std::string const begin = "id=\"recording\">";
    auto const at = page.find(begin);
    return at == page.npos ? "no page" : page.substr(at, page.find("</script>", at) - at);
}

/// The blocks on a page that nobody is excused for: how busy the machine is does not count.
std::size_t blocks_on(std::string const& page) { return count(page, R"("excuse":"","brief":[)"); }

}  // namespace

TEST_CASE("at its end the process writes a page of all its blocks, those that are logged and those that raise",
          "[page]")
{
    scratch_folder const folder;
    auto const words =
        GENERATE(std::vector<std::string>{}, std::vector<std::string>{"--log"}, std::vector<std::string>{"--sink"});
    auto all = words;
    all.insert(all.end(), {"load:300", "between:300"});
    child c{all, html(folder / "page.html")};
    c.wait();
    INFO(c.out << c.err);
    auto const page = data(folder.content("page.html"));
    CHECK(folder.content("page.html").ends_with("</html>\n"));
    CHECK(blocks_on(page) == 2);
    CHECK_THAT(page, contains(R"("culprit":"legacy::load()"));
    CHECK_THAT(page, contains(R"("culprit":"app::between\u003c1, 2>()"));
    CHECK_THAT(page, contains(R"("loops":[{"name":"code")"));
    CHECK(folder.files() == 1);
}

TEST_CASE("blocks that are excused are on the page, too", "[page]")
{
    scratch_folder const folder;
    child c{{"--suppressions=" + folder.with("known", "culprit:legacy::load*  # old\n"), "load:300"},
            html(folder / "page.html", ":report_unused=0")};
    c.wait();
    INFO(c.out << c.err);
    CHECK_THAT(c.out, contains("excused=1\n"));
    auto const page = data(folder.content("page.html"));
    CHECK(blocks_on(page) == 0);
    CHECK_THAT(page, contains(R"("excuse":"suppressed)"));
    CHECK_THAT(page, contains(R"("paths":[])"));
}

TEST_CASE("a process without a block writes a page, too, and one without the key none", "[page]")
{
    scratch_folder const folder;
    child watched{{"load:1"}, html(folder / "page.html")};
    CHECK(watched.wait().code == 0);
    CHECK_THAT(data(folder.content("page.html")), contains(R"("blocks":[)"));
    CHECK(blocks_on(folder.content("page.html")) == 0);

    scratch_folder const empty;
    child other{{"load:300"}, html("")};
    CHECK(other.wait().code == 0);
    child off{{"load:300"}, html(empty / "page.html", ":loopwatch=off")};
    CHECK(off.wait().code == 0);
    CHECK(empty.files() == 0);
}

TEST_CASE("the page of a program that goes to another folder is where it was asked for", "[page]")
{
    scratch_folder const folder;
    std::string const relative = std::filesystem::relative(folder / "page.html").string();
    REQUIRE_FALSE(relative.starts_with('/'));
    child c{{"--elsewhere", "load:300"}, html(relative)};
    c.wait();
    INFO(c.out << c.err);
    CHECK(blocks_on(folder.content("page.html")) == 1);
}

TEST_CASE("a page that can't be written is told of in one line, with the reason, and the process ends as it would",
          "[page]")
{
    scratch_folder const folder;
    auto const [file, why] = GENERATE(values<std::pair<char const*, char const*>>({
        {"/no/such/folder/page.html", "No such file or directory"},
        {"/dev/full", "No space left on device"},
    }));
    child c{{"--log", "load:300"}, html(file)};
    c.wait();
    INFO(c.out << c.err);
    CHECK(c.code == 0);
    CHECK_THAT(c.err, contains(std::string{"\nloopwatch: LOOPWATCH_OPTIONS: html="} + file +
                               ": can't be written: " + why + "\n"));
    CHECK(count(c.err, "can't be written") == 1);
}

TEST_CASE("%p is the number of the process", "[page]")
{
    scratch_folder const folder;
    child c{{"load:300"}, html(folder / "page-%p.html")};
    c.wait();
    CHECK(folder.files() == 1);
    auto const name = std::filesystem::directory_iterator{folder / ""} -> path().filename().string();
    INFO(name);
    CHECK(name.starts_with("page-"));
    CHECK(name.find_first_not_of("0123456789", 5) == name.find(".html"));
    CHECK(name.find(".html") > 5);
}

TEST_CASE("a forked child writes a page only of blocks of its own, beside its parent's", "[page]")
{
    SECTION("one that does nothing")
    {
        scratch_folder const folder;
        child c{{"--fork-last", "load:300"}, html(folder / "page.html")};
        c.wait();
        CHECK(c.code == 0);
        CHECK(folder.files() == 1);
        CHECK(blocks_on(folder.content("page.html")) == 1);
    }
    SECTION("one that watches before its parent does is a process like any other")
    {
        scratch_folder const folder;
        child c{{"--fork-first", "load:300"}, html(folder / "page-%p.html")};
        c.wait();
        CHECK(c.code == 0);
        CHECK(folder.files() == 2);
    }
#if !LOOPWATCH_HAS_TSAN()  // it starts no thread in the child of a process that had several
    SECTION("one that watches after its parent did")
    {
        scratch_folder const folder;
        child c{{"--fork-again", "load:300", "load:300"}, html(folder / "page.html")};
        c.wait();
        INFO(c.out << c.err);
        CHECK(c.code == 0);
        CHECK(folder.files() == 2);
        CHECK(blocks_on(folder.content("page.html")) == 2);
        for (auto const& each : std::filesystem::directory_iterator{folder / ""}) {
            auto const name = each.path().filename().string();
            INFO(name);
            if (name == "page.html") continue;
            CHECK(name.starts_with("page."));
            CHECK(name.ends_with(".html"));
            CHECK(blocks_on(folder.content(name)) == 2);
        }
    }
#endif
}

TEST_CASE("a process that ends in a sink, on the reporter's thread, writes its page", "[page]")
{
    scratch_folder const folder;
    child c{{"--exit-in-sink", "load:300"}, html(folder / "page.html")};
    c.wait();
    INFO(c.out << c.err);
    CHECK(c.code == 7);
    CHECK(blocks_on(folder.content("page.html")) == 1);
}
