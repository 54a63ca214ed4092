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
#include <limits>
#include <string>
#include <string_view>
#include <vector>

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

/// Writes samples, each in a line.
class prometheus_writer {
public:
    void begin(metric const& what)
    {
        name_ = what.name;
        text_ += formatted("# HELP {} {}\n# TYPE {} {}\n", {what.name, what.help, what.name, what.type});
    }
    template <typename Number>
    void sample(Number value, loop_numbers const* loop, cause const* why)
    {
        std::string labels = loop != nullptr ? label_of(*loop) : std::string{};
        if (why != nullptr) labels += formatted(",cause=\"{}\"", {to_string(*why)});
        add("", labels, formatted("{}", {value}));
    }
    void histogram(loop_numbers const& loop, std::vector<delay_bucket> const& buckets, double sum)
    {
        std::string const label = label_of(loop);
        std::uint64_t const count = for_each_bucket(buckets, [&](double up_to, std::uint64_t so_far) {
            bool const is_last = up_to == std::numeric_limits<double>::infinity();
            std::string const bound = is_last ? "+Inf" : formatted("{}", {up_to});
            add("_bucket", formatted("{},le=\"{}\"", {label, bound}), formatted("{}", {so_far}));
        });
        add("_sum", label, formatted("{}", {sum}));
        add("_count", label, formatted("{}", {count}));
    }

    [[nodiscard]] std::string const& text() const { return text_; }

private:
    static std::string label_of(loop_numbers const& of) { return formatted("loop=\"{}\"", {label_value(of.loop)}); }

    void add(std::string_view suffix, std::string_view labels, std::string const& value)
    {
        (text_ += name_) += suffix;
        if (!labels.empty()) text_ += formatted("{{{}}}", {labels});
        ((text_ += ' ') += value) += '\n';
    }

    std::string_view name_;
    std::string text_;
};

/// See to_prometheus(). Pure.
inline std::string prometheus_text(monitor_numbers const& all)
{
    prometheus_writer to;
    write_metrics(all, to);
    return to.text();
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
