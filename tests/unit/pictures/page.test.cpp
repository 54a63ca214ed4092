// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "unit/pictures/a_recording.hpp"

#include <loopwatch/impl/pictures/chrome_trace.hpp>
#include <loopwatch/impl/pictures/html_text.hpp>
#include <loopwatch/impl/pictures/speedscope_profile.hpp>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>

using namespace loopwatch;
using namespace std::chrono_literals;
using pictured::a_recording;

namespace {

/// What the page's script is given.
std::string data_of(std::string const& page)
{
    auto const begin = page.find(detail::page_data_begin) + detail::page_data_begin.size();
    return page.substr(begin, page.find("</script>", begin) - begin);
}

std::size_t occurrences(std::string_view text, std::string_view part)
{
    std::size_t n = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++n;
    return n;
}

/// Reads JSON strictly, and keeps none of it.
class json_check {
public:
    static bool holds(std::string_view text)
    {
        json_check check{text};
        return check.value() && check.rest_.empty();
    }

private:
    explicit json_check(std::string_view text) : rest_{text} {}

    bool take(std::string_view what)
    {
        if (!rest_.starts_with(what)) return false;
        rest_.remove_prefix(what.size());
        return true;
    }
    bool value()
    {
        if (take("{")) return take("}") || (members([&] { return string() && take(":") && value(); }) && take("}"));
        if (take("[")) return take("]") || (members([&] { return value(); }) && take("]"));
        if (rest_.starts_with('"')) return string();
        if (take("true") || take("false") || take("null")) return true;
        auto const end = std::min(rest_.find_first_not_of("0123456789+-.e"), rest_.size());
        rest_.remove_prefix(end);
        return end > 0;
    }
    template <typename One>
    bool members(One one)
    {
        do
            if (!one()) return false;
        while (take(","));
        return true;
    }
    bool string()
    {
        if (!take("\"")) return false;
        while (!rest_.empty() && !take("\"")) {
            auto const size = detail::character_size(rest_);
            if (size == 0 || static_cast<unsigned char>(rest_[0]) < 0x20) return false;
            if (rest_[0] == '\\') {
                if (rest_.size() < 2 || std::string_view{"\"\\/bfnrtu"}.find(rest_[1]) == rest_.npos) return false;
                rest_.remove_prefix(2);
            } else {
                rest_.remove_prefix(size);
            }
            if (rest_.empty()) return false;
        }
        return true;
    }

    std::string_view rest_;
};

}  // namespace

TEST_CASE("code paths are ranked by their total time, without what nobody is blamed for", "[pictures][portable]")
{
    auto all = a_recording();
    all.blocks.push_back(pictured::a_call());
    all.blocks.back().duration = 90ms;
    auto const paths = detail::ranking_of(all);
    REQUIRE(paths.size() == 2);
    CHECK(paths[0].times == 2);
    CHECK(paths[0].total == 160ms + 250ns);
    CHECK(paths[0].longest == 3);
    CHECK(paths[1].times == 1);
    CHECK(paths[1].longest == 0);
}

TEST_CASE("the page tells code paths apart as a monitor does: by the callers, too", "[pictures][portable]")
{
    recording all{{pictured::a_call(), pictured::a_call()}, {}, 5};
    frame const caller = pictured::in("reload()", "/src/app.cpp", 30);
    all.blocks[1].stack.push_back(caller);
    CHECK(detail::ranking_of(all).size() == 2);
    all.blocks[0].stack.push_back(caller);
    CHECK(detail::ranking_of(all).size() == 1);
}

TEST_CASE("blocks of one loop that overlap are on lanes of their own", "[pictures][portable]")
{
    auto all = a_recording();
    all.blocks.push_back(pictured::a_computation());  // after both
    all.blocks.back().began_at = pictured::at(100ms);
    auto const loops = detail::drawn_loops_of(all);
    REQUIRE(loops.names.size() == 3);
    CHECK(loops.names[0] == "api");
    CHECK(loops.names[1] == "jobs");
    CHECK(loops.names[2] == "idle");
    CHECK(loops.lanes == detail::many<std::size_t>{2, 1, 1});
    CHECK(loops.blocks[0].lane == 0);
    CHECK(loops.blocks[2].lane == 1);
    CHECK(loops.blocks[3].lane == 0);
}

TEST_CASE("the page has what its script shows: loops, blocks, code paths, and each line of the reports once",
          "[pictures][portable]")
{
    std::string const data = data_of(detail::html_text(a_recording()));
    INFO(data);
    CHECK(json_check::holds(data));
    CHECK_THAT(data, contains(R"j("leftOut":5,"loops":[{"name":"api","lanes":2,"delays":[)j"
                              R"j({"at":1699999999990.000,"ms":1.500},{"at":1700000000090.000,"ms":80.000}]},)j"));
    CHECK_THAT(data, contains(R"j({"loop":1,"lane":0,"at":1700000000050.002,"ms":70.000,"cause":"blocking call",)j"
                              R"j("why":"blocking call: recvfrom(fd 9)","culprit":"fetch()","place":"app.cpp:40",)j"
                              R"j("excuse":"","brief":[)j"));
    CHECK_THAT(data, contains(R"j("excuse":"it was given no CPU")j"));
    CHECK_THAT(data, contains(R"j("paths":[{"culprit":"parse(int)","place":"app.cpp:20","cause":"cpu","times":1,)j"
                              R"j("total":100.000,"longest":100.000,"block":0},{"culprit":"fetch()",)j"));
    CHECK(occurrences(data, R"j("  fix      use async_receive")j") == 1);
    CHECK(occurrences(data, "    #1   serve()") == 1);  // of two blocks, brief and whole
}

TEST_CASE("the page is one file: it names nothing that would be loaded", "[pictures][portable]")
{
    std::string const page = detail::html_text({});
    CHECK(page.starts_with("<!DOCTYPE html>\n"));
    CHECK(page.ends_with("</html>\n"));
    CHECK_THAT(page, contains("Content-Security-Policy\" content=\"default-src 'none'"));
    CHECK(occurrences(page, "src=") == 0);
    CHECK(occurrences(page, "@import") == 0);
    CHECK(occurrences(page, "url(") == 0);
    CHECK(occurrences(page, "<link") == 0);
    CHECK(occurrences(page, "innerHTML") == 0);
    CHECK(json_check::holds(data_of(page)));
}

TEST_CASE("no name ends the script that it is in", "[pictures][portable]")
{
    auto all = a_recording();
    for (auto& block : all.blocks) block.loop = "</script><script>alert(1)</script><!--";
    std::string const page = detail::html_text(all);
    CHECK(occurrences(page, "</script>") == 2);
    CHECK(occurrences(page, "<script") == 2);
    CHECK(occurrences(page, "<!--") == 0);
    CHECK_THAT(data_of(page), contains("\\u003c/script>\\u003cscript>alert(1)"));
}

TEST_CASE("whatever names are, each format is JSON, and the page is whole", "[pictures][portable]")
{
    std::mt19937 random{7};
    constexpr std::string_view parts[] = {"\"",   "\\", "</script>", "\n", "\x01", "\xff",
                                          "\xc3", "ü",  "😀",        ";",  "f()",  "<!--"};
    auto const name = [&] {
        std::string text;
        for (int i = std::uniform_int_distribution{0, 8}(random); i > 0; --i)
            text += parts[std::uniform_int_distribution<std::size_t>{0, std::size(parts) - 1}(random)];
        return text;
    };
    for (int round = 0; round < 200; ++round) {
        auto all = a_recording();
        for (auto& block : all.blocks) {
            for (std::string* each :
                 {&block.loop, &block.thread_name, &block.evidence, &block.fix, &block.stack_missing})
                *each = name();
            for (auto& f : block.stack) f = pictured::in(name(), name(), 1);
            for (auto& sample : block.samples) sample.doing = name();
        }
        all.delays[1].loop = name();
        std::string const page = detail::html_text(all);
        INFO(data_of(page));
        CHECK(json_check::holds(data_of(page)));
        CHECK(occurrences(page, "</script>") == 2);
        for (std::string const& text : {detail::speedscope_profile(all), detail::chrome_trace_text(all)}) {
            INFO(text);
            CHECK(text.ends_with('\n'));
            CHECK(json_check::holds(std::string_view{text}.substr(0, text.size() - 1)));
        }
    }
}
