// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/environment/environment.hpp>

using namespace loopwatch;
using namespace std::chrono_literals;
using detail::overlaid;
using detail::settings_reader;

namespace {

options with(char const* text, options const& given = {}) { return overlaid(given, settings_reader::read(text)); }

std::string refusal(char const* text, options const& given = {})
{
    try {
        static_cast<void>(with(text, given));
    } catch (std::invalid_argument const& e) {
        return e.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("every key is laid over the option of its name", "[environment][portable]")
{
    CHECK(with("threshold=50ms").threshold == 50ms);
    CHECK(with("heartbeat_interval=5ms").heartbeat_interval == 5ms);
    CHECK(with("action=log").action == on_block::log);
    CHECK(with("action=raise", {.action = on_block::log}).action == on_block::raise);
    CHECK(with("raise_on=cpu").raise_on == cause_set{cause::cpu});
    CHECK(with("raise_on=cpu,self_deadlock").raise_on == cause_set{cause::cpu, cause::self_deadlock});
    CHECK(with("raise_on=all").raise_on == cause_set::all());
    CHECK(with("raise_on=none").raise_on == cause_set{});
    CHECK(detail::settings_reader::read("loop_name=main").loop_name == "main");
    CHECK(with("all_frames=1").all_frames);
    CHECK_FALSE(with("all_frames=off", {.all_frames = true}).all_frames);
    CHECK(settings_reader::read("suppressions=a/b.txt").suppressions == "a/b.txt");
    CHECK(settings_reader::read("baseline=blocks.json").baseline == "blocks.json");
    CHECK(with("baseline_factor=1.5").baseline_factor == 1.5);
    auto const limits =
        settings_reader::read("full_reports_per_minute=0:lines_per_minute=7:first_interval=1min:error_above=1s");
    CHECK(limits.full_reports_per_minute == 0U);
    CHECK(limits.lines_per_minute == 7U);
    CHECK(limits.first_interval == 1min);
    CHECK(limits.error_above == 1s);
    CHECK(settings_reader::read("library_code='third_party/*,vendor::*'").library_code->text ==
          "third_party/*,vendor::*");
    CHECK(with("scope=each_thread").scope == watch_scope::each_thread);
    CHECK(with("scope=loop", {.scope = watch_scope::each_thread}).scope == watch_scope::loop);
    CHECK(settings_reader::read("baseline_update=yes").baseline_update == true);
    CHECK(settings_reader::read("report_unused=no").report_unused == false);
    CHECK(settings_reader::read("html=build/blocks-%p.html").html == "build/blocks-%p.html");
    CHECK(settings_reader::read("ci=0").ci == false);
    CHECK(settings_reader::read("loopwatch=off").loopwatch == false);
    CHECK(settings_reader::read("loopwatch=on").loopwatch == true);
}

TEST_CASE("what the environment does not name stays as the code has it", "[environment][portable]")
{
    options const code{.threshold = 7ms,
                       .heartbeat_interval = 3ms,
                       .action = on_block::log,
                       .raise_on = {cause::disk},
                       .loop_name = "code",
                       .all_frames = true,
                       .suppressions = "s",
                       .baseline = "b",
                       .baseline_factor = 3,
                       .library_code = "vendor::*",
                       .scope = watch_scope::each_thread};
    auto const* const text = GENERATE(values<char const*>({"", ":", " \n", "loopwatch=on"}));
    auto const both = with(text, code);
    CHECK(both.threshold == 7ms);
    CHECK(both.heartbeat_interval == 3ms);
    CHECK(both.action == on_block::log);
    CHECK(both.raise_on == cause_set{cause::disk});
    CHECK(both.loop_name == "code");
    CHECK(both.all_frames);
    CHECK(both.suppressions == "s");
    CHECK(both.baseline == "b");
    CHECK(both.baseline_factor == 3);
    CHECK(both.library_code == "vendor::*");
    CHECK(both.scope == watch_scope::each_thread);
}

TEST_CASE("settings are separated as sanitizers' are, and values may be quoted", "[environment][portable]")
{
    auto const* const text = GENERATE(values<char const*>({
        "threshold=50ms:action=log:suppressions=/a/b",
        ":threshold=50ms::action=log:suppressions=/a/b:",
        "threshold=50ms action=log\tsuppressions=/a/b",
        "\xef\xbb\xbfthreshold=50ms:action=log:suppressions=/a/b",  // as of a file that an editor has marked
        "\nthreshold=50ms\r\naction=log\nsuppressions=/a/b\n",
        "threshold='50ms':action=\"log\":suppressions='/a/b'",
    }));
    INFO(text);
    auto const all = settings_reader::read(text);
    CHECK(all.threshold == 50ms);
    CHECK(all.action == on_block::log);
    CHECK(all.suppressions == "/a/b");
    CHECK_FALSE(all.baseline);
}

TEST_CASE("quotes take everything as it is", "[environment][portable]")
{
    CHECK(settings_reader::read("baseline='C:/a b/x=y.json'").baseline == "C:/a b/x=y.json");
    CHECK(settings_reader::read("baseline=\"it's:here\"").baseline == "it's:here");
    CHECK(settings_reader::read("baseline='say \"a:b\"'").baseline == "say \"a:b\"");
    CHECK(settings_reader::read("baseline=''").baseline == "");
    CHECK(settings_reader::read("baseline=:loop_name=x").baseline == "");
    CHECK(settings_reader::read("loop_name=a=b").loop_name == "a=b");
}

TEST_CASE("what is wrong in LOOPWATCH_OPTIONS is named, and what would be right", "[environment][portable]")
{
    struct wrong {
        char const* text;
        char const* named;
        char const* why;
    };
    auto const [text, named, why] = GENERATE(values<wrong>({
        {"threshold=50", "threshold=50:", "ns, us, ms, s or min"},
        {"threshold=", "threshold=:", "ns, us, ms, s or min"},
        {"threshold=0ms", "threshold=0ms:", "above zero"},
        {"threshold=-5ms", "threshold=-5ms:", "ns, us, ms, s or min"},
        {"heartbeat_interval=often", "heartbeat_interval=often:", "ns, us, ms, s or min"},
        {"action=log:threshold=x", "threshold=x:", "ns, us, ms, s or min"},
        {"action=Log", "action=Log:", "raise or log"},
        {"action=logs", "action=logs:", "raise or log"},
        {"library_code='vendor:*'", "library_code=vendor:*:", "third_party/*,vendor::*"},
        {"library_code=vendor::*", "*:", "has no value"},
        {"scope=threads", "scope=threads:", "loop or each_thread"},
        {"raise_on=cpu,dsik", "raise_on=cpu,dsik:", "blocking_call lock disk"},
        {"raise_on=cpu,", "raise_on=cpu,:", "separated by commas"},
        {"raise_on=", "raise_on=:", "separated by commas"},
        {"raise_on=all,cpu", "raise_on=all,cpu:", "separated by commas"},
        {"all_frames=2", "all_frames=2:", "1 or 0"},
        {"all_frames=", "all_frames=:", "1 or 0"},
        {"baseline_factor=0.9", "baseline_factor=0.9:", "1 or more"},
        {"baseline_factor=2x", "baseline_factor=2x:", "1 or more"},
        {"baseline_factor=2.5.1", "baseline_factor=2.5.1:", "1 or more"},
        {"baseline_factor=inf", "baseline_factor=inf:", "1 or more"},
        {"lines_per_minute=-1", "lines_per_minute=-1:", "0 to 4294967295"},
        {"lines_per_minute=1x", "lines_per_minute=1x:", "0 to 4294967295"},
        {"lines_per_minute=", "lines_per_minute=:", "0 to 4294967295"},
        {"full_reports_per_minute=99999999999", "full_reports_per_minute=99999999999:", "0 to 4294967295"},
        {"baseline_factor=nan", "baseline_factor=nan:", "1 or more"},
        {"loopwatch=disabled", "loopwatch=disabled:", "on or off"},
        {"treshold=50ms", "treshold=50ms:", "no such key; there are threshold heartbeat_interval action"},
        {"Threshold=50ms", "Threshold=50ms:", "no such key"},
        {"=50ms", "=50ms:", "no such key"},
        {"threshold", "threshold:", "write threshold=..."},
        {"action=log:threshold:", "threshold:", "write threshold=..."},
        {"threshold=50ms,action=log", "threshold=50ms,action=log:", "ns, us, ms, s or min"},
        {"action=log:action=log", "action=log:", "twice"},
        {"baseline='a.json", "baseline='a.json:", "lacks the closing '"},
        {"baseline=\"a.json'", "baseline=\"a.json':", "lacks the closing \""},
        {"baseline='a'b:action=log", "baseline='a'b:action=log:", "behind the closing '"},
    }));
    INFO(text);
    auto const said = refusal(text);
    CHECK_THAT(said, contains(std::string{"loopwatch: LOOPWATCH_OPTIONS: "} + named));
    CHECK_THAT(said, contains(why));
}

TEST_CASE("a threshold of the environment takes the code's interval with it only if it must", "[environment][portable]")
{
    using detail::validated;
    options const code{.threshold = 100ms, .heartbeat_interval = 50ms};
    CHECK(validated(with("threshold=10ms", code)).heartbeat_interval == 2500us);
    CHECK(validated(with("threshold=50ms", code)).heartbeat_interval == 50ms);
    CHECK(validated(with("threshold=10ms:heartbeat_interval=5ms", code)).heartbeat_interval == 5ms);
    CHECK(validated(with("heartbeat_interval=0ms", code)).heartbeat_interval == 25ms);

    auto const said = refusal("heartbeat_interval=20ms", {.threshold = 10ms});
    CHECK_THAT(said, contains("LOOPWATCH_OPTIONS: heartbeat_interval=20 ms"));
    CHECK_THAT(said, contains("10 ms"));
    // Of what only the code says, the code is told.
    CHECK_THROWS_WITH(validated(with("action=log", {.threshold = 1ms, .heartbeat_interval = 2ms})),
                      contains("options.heartbeat_interval"));
}
