// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "block_notice.hpp"
#include "detail/config.hpp"
#include "monitor_sink.hpp"

#include <memory>
#include <string>
#include <utility>

#include <spdlog/logger.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

class spdlog_sink final : public notice_sink {
public:
    explicit spdlog_sink(std::shared_ptr<spdlog::logger> to) : to_{std::move(to)} {}

    void write(block_notice const& notice) override
    {
        spdlog::level::level_enum const level = level_of(notice.severity);
        if (!to_->should_log(level)) return;
        std::string text = to_string(notice);
        text.pop_back();  // its line end, which spdlog's pattern has
        to_->log(level, spdlog::string_view_t{text.data(), text.size()});
    }

private:
    static spdlog::level::level_enum level_of(severity how_bad) noexcept
    {
        if (how_bad == severity::critical) return spdlog::level::critical;
        return how_bad == severity::error ? spdlog::level::err : spdlog::level::warn;
    }

    std::shared_ptr<spdlog::logger> to_;
};

}  // namespace detail

/// Logs each notice as text: severity::warning, error and critical as spdlog's levels of these names. To be included in
/// programs that have spdlog.
///
/// What the logger's own sinks throw, spdlog handles: by its error handler, and without being counted here.
///
/// Throws: std::invalid_argument if the logger is null; std::bad_alloc. Thread safety: any thread; the logger is called
/// on the sink's thread, so its sinks must be those for several threads (`_mt`). Cost to the loop: none.
[[nodiscard]] inline monitor_sink to_spdlog(std::shared_ptr<spdlog::logger> logger)
{
    if (logger == nullptr) detail::refuse_argument("to_spdlog: the logger is null");
    return std::make_shared<detail::spdlog_sink>(std::move(logger));
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
