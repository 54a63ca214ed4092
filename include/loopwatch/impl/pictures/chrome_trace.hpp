// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../../recording.hpp"
#include "../base/formatted.hpp"
#include "../base/json.hpp"
#include "../base/many.hpp"
#include "../report/report_text.hpp"
#include "exporter.hpp"
#include "loop_names.hpp"
#include "ranking.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A time in microseconds as a number with all of its digits, of which a double would lose some.
inline std::string microseconds_text(std::chrono::nanoseconds t)
{
    bool const negative = t.count() < 0;
    auto const ns = negative ? -t.count() : t.count();
    return formatted("{}{}.{:03}", {negative ? "-" : "", ns / 1000, ns % 1000});
}

inline std::string microseconds_text(std::chrono::system_clock::time_point t)
{
    return microseconds_text(std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()));
}

/// Writes the events of one recording. The format is described in "Trace Event Format", which catapult's page links.
class chrome_events {
public:
    explicit chrome_events(recording const& what) : what_{what}, loops_{drawn_loops_of(what)}
    {
        for (std::size_t const lanes : loops_.lanes) {
            first_tracks_.push_back(tracks_ + 1);  // a track 0 would be called idle
            tracks_ += lanes;
        }
    }

    std::string text()
    {
        json_.begin_object().member("displayTimeUnit", "ms");
        json_.key("otherData").begin_object().member("exporter", exporter_text());
        json_.member("blocks_left_out", what_.left_out).end_object();
        json_.key("traceEvents").begin_array();
        name("process_name", 0, "loopwatch");
        for (std::size_t i = 0; i < loops_.names.size(); ++i) put_tracks(i);
        for (std::size_t i = 0; i < what_.blocks.size(); ++i) put(what_.blocks[i], loops_.blocks[i]);
        for (loop_delays const& each : what_.delays) put(each);
        json_.end_array().end_object();
        return json_.take() += '\n';
    }

private:
    static constexpr int process = 1;

    json_writer& begin(std::string_view kind, std::string_view called)
    {
        return json_.begin_object().member("ph", kind).member("name", called).member("pid", process);
    }

    void name(std::string_view what, std::size_t track, std::string_view called)
    {
        begin("M", what).member("tid", track).key("args").begin_object().member("name", called).end_object();
        json_.end_object();
    }

    void put_tracks(std::size_t loop)
    {
        std::string const called{name_of_loop(loops_.names[loop])};
        for (std::size_t lane = 0; lane < loops_.lanes[loop]; ++lane) {
            std::size_t const track = first_tracks_[loop] + lane;
            name("thread_name", track, lane == 0 ? called : formatted("{} ({})", {called, lane + 1}));
            begin("M", "thread_sort_index").member("tid", track);
            json_.key("args").begin_object().member("sort_index", track).end_object().end_object();
        }
    }

    void put(block_report const& block, drawn_loops::place const& where)
    {
        std::string const culprit = culprit_name(block);
        begin("X", culprit.empty() ? name_in_prose(block.cause) : culprit);
        json_.member("cat", block.excuse.empty() ? "block" : "excused");
        json_.member("tid", first_tracks_[where.loop] + where.lane);
        json_.key("ts").verbatim(microseconds_text(block.began_at));
        json_.key("dur").verbatim(microseconds_text(block.duration));
        json_.key("args").begin_object();
        json_.member("block", block.number).member("cause", to_string(block.cause)).member("evidence", block.evidence);
        if (!culprit.empty()) json_.member("culprit", culprit).member("at", culprit_place(block));
        if (!block.excuse.empty()) json_.member("excuse", block.excuse);
        if (!block.fix.empty()) json_.member("fix", block.fix);
        json_.member("thread", static_cast<long long>(block.thread_id));
        json_.key("stack").begin_array();
        for (frame const& f : block.stack) {
            std::string const source = source_of(f);
            json_.value(source.empty() ? shown_name(f, false) : formatted("{} at {}", {shown_name(f, false), source}));
        }
        json_.end_array();
        if (!block.stack_missing.empty()) json_.member("stack_missing", block.stack_missing);
        json_.end_object().end_object();
    }

    void put(loop_delays const& delays)
    {
        std::string const called = formatted("delay of {}", {name_of_loop(delays.loop)});
        for (delay_point const& point : delays.points) {
            begin("C", called).key("ts").verbatim(microseconds_text(point.at));
            double const ms = static_cast<double>(point.longest.count()) / 1e6;
            json_.key("args").begin_object().member("ms", ms).end_object().end_object();
        }
    }

    recording const& what_;
    drawn_loops loops_;
    many<std::size_t> first_tracks_;  // of each loop
    std::size_t tracks_{0};
    json_writer json_;
};

/// Pure.
inline std::string chrome_trace_text(recording const& what) { return chrome_events{what}.text(); }

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
