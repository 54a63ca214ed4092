// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../../recording.hpp"
#include "../base/json.hpp"
#include "../base/many.hpp"
#include "../report/report_text.hpp"
#include "../report/text/layout.hpp"
#include "exporter.hpp"
#include "loop_names.hpp"
#include "numbered_texts.hpp"
#include "page/script.hpp"
#include "page/skeleton.hpp"
#include "page/style.hpp"
#include "ranking.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The recording as the page's script reads it: page/script.hpp. Reports are lists of lines, each of which is there
/// once.
class page_data {
public:
    explicit page_data(recording const& what) : what_{what}, loops_{drawn_loops_of(what)} {}

    std::string text()
    {
        json_.begin_object().member("by", exporter_text()).member("leftOut", what_.left_out);
        put_loops();
        json_.key("blocks").begin_array();
        for (std::size_t i = 0; i < what_.blocks.size(); ++i) put(what_.blocks[i], loops_.blocks[i]);
        json_.end_array();
        put_paths();
        json_.key("lines").begin_array();
        for (std::string const& line : lines_) json_.value(line);
        json_.end_array().end_object();
        return json_.take();
    }

private:
    using milliseconds = std::chrono::duration<double, std::milli>;

    template <typename Time>
    json_writer& put_ms(std::string_view name, Time time)
    {
        return json_.key(name).verbatim(formatted("{:.3f}", {milliseconds{time}.count()}));
    }

    void put_loops()
    {
        json_.key("loops").begin_array();
        for (std::size_t i = 0; i < loops_.names.size(); ++i) {
            json_.begin_object().member("name", name_of_loop(loops_.names[i])).member("lanes", loops_.lanes[i]);
            json_.key("delays").begin_array();
            for (loop_delays const& each : what_.delays)
                if (each.loop == loops_.names[i]) put(each);
            json_.end_array().end_object();
        }
        json_.end_array();
    }

    void put(loop_delays const& delays)
    {
        for (delay_point const& point : delays.points) {
            json_.begin_object();
            put_ms("at", point.at.time_since_epoch());
            put_ms("ms", point.longest);
            json_.end_object();
        }
    }

    void put(block_report const& block, drawn_loops::place const& where)
    {
        json_.begin_object().member("loop", where.loop).member("lane", where.lane);
        put_ms("at", block.began_at.time_since_epoch());
        put_ms("ms", block.duration);
        json_.member("cause", name_in_prose(block.cause)).member("why", why_text(block));
        json_.member("culprit", culprit_name(block)).member("place", culprit_place(block));
        json_.member("excuse", block.excuse);
        put_lines("brief", block, false);
        put_lines("whole", block, true);
        json_.end_object();
    }

    void put_lines(std::string_view name, block_report const& block, bool all_frames)
    {
        std::string const text = text_of(block, wide_layout(all_frames));
        json_.key(name).begin_array();
        for (std::string_view rest = text; !rest.empty();) {
            std::size_t const end = rest.find('\n');
            json_.value(lines_(rest.substr(0, end)));
            rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
        }
        json_.end_array();
    }

    void put_paths()
    {
        json_.key("paths").begin_array();
        for (ranking_row const& path : ranking_of(what_)) {
            block_report const& longest = what_.blocks[path.longest];
            json_.begin_object().member("culprit", culprit_name(longest)).member("place", culprit_place(longest));
            json_.member("cause", name_in_prose(longest.cause)).member("times", path.times);
            put_ms("total", path.total);
            put_ms("longest", longest.duration).member("block", path.longest).end_object();
        }
        json_.end_array();
    }

    recording const& what_;
    drawn_loops loops_;
    numbered_texts lines_;
    json_writer json_;
};

/// JSON that a page may have in a script: in JSON '<' is only in strings, where it may be escaped, and without it
/// nothing ends the script. Pure.
inline std::string json_in_script(std::string_view json)
{
    std::string text;
    for (char const c : json) {
        if (c == '<')
            text += "\\u003c";
        else
            text += c;
    }
    return text;
}

/// Pure.
inline std::string html_text(recording const& what)
{
    std::string page;
    for (std::string_view const part : {page_head, page_style, page_body, page_data_begin}) page += part;
    page += json_in_script(page_data{what}.text());
    for (std::string_view const part : {page_script_begin, page_script, page_end}) page += part;
    return page;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
