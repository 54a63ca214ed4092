// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "settings.hpp"

#include <boost/asio.hpp>
#include <loopwatch/black_box.hpp>
#include <loopwatch/monitor.hpp>
#include <loopwatch/to_json_lines.hpp>
#include <loopwatch/to_spdlog.hpp>
#include <spdlog/logger.h>

#include <memory>
#include <vector>

/// All that it takes to have a service monitored. What asks it (/metrics, /health, /blocks, load shedding) is in
/// main.cpp.
class monitoring {
public:
    monitoring(settings const& how, std::shared_ptr<spdlog::logger> const& log, boost::asio::io_context& api,
               boost::asio::io_context& jobs, boost::asio::thread_pool& pool)
        // Above the threshold a handler has waited for too long. LOOPWATCH_OPTIONS=threshold=50ms says another.
        : monitor_{{.threshold = how.threshold}, sinks(how, log)},
          // The names are those in reports, and the label `loop` of the metrics.
          api_{monitor_.watch(api, "api")},
          jobs_{monitor_.watch(jobs, "jobs")},
          // Blocked is a pool when none of its threads is free for as long as that.
          pool_{monitor_.watch(pool, "pool")}
    {
        if (!how.black_box.empty()) monitor_.record_to(loopwatch::black_box{how.black_box});
    }

    [[nodiscard]] loopwatch::monitor& monitor() { return monitor_; }
    [[nodiscard]] loopwatch::watched_loop const& jobs() const { return jobs_; }

private:
    static std::vector<loopwatch::monitor_sink> sinks(settings const& how, std::shared_ptr<spdlog::logger> const& log)
    {
        std::vector<loopwatch::monitor_sink> to{loopwatch::to_spdlog(log)};
        if (!how.blocks.empty()) to.push_back(loopwatch::to_json_lines(how.blocks));
        return to;
    }

    loopwatch::monitor monitor_;
    loopwatch::watched_loop api_, jobs_, pool_;
};
