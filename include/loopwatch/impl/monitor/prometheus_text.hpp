// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../../detail/monitor_metrics.hpp"
#include "../../monitor_numbers.hpp"
#include "../base/formatted.hpp"
#include "../base/printable.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A label's value as Prometheus reads it: quotes, backslashes and line ends are escaped, and each byte that is not
/// UTF-8, for which it would refuse the whole answer, becomes U+FFFD. Pure.
inline std::string label_value(std::string_view text)
{
    std::string to;
    while (!text.empty()) {
        std::size_t const size = character_size(text);
        switch (text[0]) {
            case '"': to += "\\\""; break;
            case '\\': to += "\\\\"; break;
            case '\n': to += "\\n"; break;
            default:
                if (size == 0)
                    to += "\xef\xbf\xbd";
                else
                    to += text.substr(0, size);
        }
        text.remove_prefix(size == 0 ? 1 : size);
    }
    return to;
}

/// Writes samples, each in a line. `labels`: as they stand between the braces, or "".
class prometheus_writer {
public:
    void begin(metric const& what)
    {
        text_ += formatted("# HELP {} {}\n# TYPE {} {}\n", {what.name, what.help, what.name, what.type});
    }
    void sample(std::string_view name, std::string_view labels, double value)
    {
        add(name, labels, formatted("{}", {value}));
    }
    void sample(std::string_view name, std::string_view labels, std::uint64_t value)
    {
        add(name, labels, formatted("{}", {value}));
    }
    [[nodiscard]] std::string const& text() const { return text_; }

private:
    void add(std::string_view name, std::string_view labels, std::string const& value)
    {
        text_ += name;
        if (!labels.empty()) text_ += formatted("{{{}}}", {labels});
        text_ += ' ';
        text_ += value;
        text_ += '\n';
    }

    std::string text_;
};

inline std::string loop_label(loop_numbers const& of) { return formatted("loop=\"{}\"", {label_value(of.loop)}); }

inline std::string loop_and_cause(loop_numbers const& of, cause why)
{
    return formatted("{},cause=\"{}\"", {loop_label(of), to_string(why)});
}

inline void write_delays(prometheus_writer& to, loop_numbers const& of)
{
    std::string const name{metrics::delay.name};
    std::string const loop = loop_label(of);
    std::uint64_t so_far = 0;
    for (delay_bucket const& each : of.delays) {
        so_far += each.count;
        bool const is_last = each.up_to == std::chrono::nanoseconds::max();
        std::string const bound = is_last ? "+Inf" : formatted("{}", {seconds_of(each.up_to)});
        to.sample(name + "_bucket", formatted("{},le=\"{}\"", {loop, bound}), so_far);
    }
    to.sample(name + "_sum", loop, of.delay_sum);
    to.sample(name + "_count", loop, so_far);
}

/// See to_prometheus(). Pure.
inline std::string prometheus_text(monitor_numbers const& all)
{
    prometheus_writer to;
    to.begin(metrics::delay);
    for (loop_numbers const& loop : all.loops) write_delays(to, loop);
    to.begin(metrics::blocks);
    for (loop_numbers const& loop : all.loops)
        for (cause_numbers const& each : loop.by_cause)
            to.sample(metrics::blocks.name, loop_and_cause(loop, each.cause), each.blocks);
    to.begin(metrics::blocked);
    for (loop_numbers const& loop : all.loops)
        for (cause_numbers const& each : loop.by_cause)
            to.sample(metrics::blocked.name, loop_and_cause(loop, each.cause), seconds_of(each.blocked));
    to.begin(metrics::heartbeat_age);
    for (loop_numbers const& loop : all.loops)
        if (loop.watched) to.sample(metrics::heartbeat_age.name, loop_label(loop), seconds_of(loop.heartbeat_age));
    to.begin(metrics::cpu);
    for (loop_numbers const& loop : all.loops)
        if (loop.cpu_time) to.sample(metrics::cpu.name, loop_label(loop), seconds_of(*loop.cpu_time));
    to.begin(metrics::suppressed);
    to.sample(metrics::suppressed.name, "", all.reports_suppressed);
    to.begin(metrics::dropped);
    to.sample(metrics::dropped.name, "", all.blocks_dropped);
    to.begin(metrics::lost);
    to.sample(metrics::lost.name, "", all.notices_lost);
    return to.text();
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
