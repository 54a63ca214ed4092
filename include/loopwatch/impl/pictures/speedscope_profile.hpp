// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../../recording.hpp"
#include "../base/duration_text.hpp"
#include "../base/formatted.hpp"
#include "../base/json.hpp"
#include "../base/many.hpp"
#include "../report/report_text.hpp"
#include "exporter.hpp"
#include "loop_names.hpp"
#include "numbered_texts.hpp"
#include "weighted_stacks.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The frames of all profiles, each once. A function is one frame wherever in it the call is, or a flame graph would
/// show it as many; so a frame has a line only if all that are it have the same.
class speedscope_frames {
public:
    std::size_t operator()(pictured_frame const& f)
    {
        std::string whole = f.name;
        whole += '\n';  // is in neither: names are printable
        whole += f.file;
        std::size_t const number = names_(whole);
        if (number == all_.size())
            all_.push_back(f);
        else if (all_[number].line != f.line)
            all_[number].line = 0;
        return number;
    }

    void write_to(json_writer& json) const
    {
        json.begin_array();
        for (pictured_frame const& f : all_) {
            json.begin_object().member("name", f.name);
            if (!f.file.empty()) json.member("file", f.file);
            if (f.line != 0) json.member("line", f.line);
            json.end_object();
        }
        json.end_array();
    }

private:
    numbered_texts names_;
    many<pictured_frame> all_;
};

/// "block 3 on api, 153.2 ms, cpu"
inline std::string title_of(block_report const& block)
{
    return formatted("block {} on {}, {}, {}{}",
                     {block.number, name_of_loop(block.loop), duration_text(block.duration), name_in_prose(block.cause),
                      block.excuse.empty() ? "" : ", not blamed"});
}

/// Pure. The file format is https://www.speedscope.app/file-format-schema.json.
inline std::string speedscope_profile(recording const& what)
{
    speedscope_frames frames;
    json_writer json;
    std::size_t longest = 0;
    json.begin_object();
    json.member("$schema", "https://www.speedscope.app/file-format-schema.json");
    json.member("exporter", exporter_text());
    json.member("name", "what blocked the loops");
    json.key("profiles").begin_array();
    for (std::size_t i = 0; i < what.blocks.size(); ++i) {
        block_report const& block = what.blocks[i];
        if (block.duration > what.blocks[longest].duration) longest = i;
        auto const stacks = weighted_stacks(block);
        json.begin_object().member("type", "sampled").member("name", title_of(block)).member("unit", "nanoseconds");
        json.member("startValue", 0).member("endValue", static_cast<long long>(block.duration.count()));
        json.key("samples").begin_array();
        for (weighted_stack const& each : stacks) {
            json.begin_array();
            for (pictured_frame const& f : each.frames) json.value(frames(f));
            json.end_array();
        }
        json.end_array().key("weights").begin_array();
        for (weighted_stack const& each : stacks) json.value(static_cast<long long>(each.time.count()));
        json.end_array().end_object();
    }
    json.end_array();
    json.member("activeProfileIndex", longest);
    json.key("shared").begin_object().key("frames");
    frames.write_to(json);
    json.end_object().end_object();
    return json.take() += '\n';
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
