// SPDX-License-Identifier: BSL-1.0
//
// A service that is compiled with -fno-exceptions, but for loopwatch's implementation, and has a monitor.
#include "without_exceptions/asio_throws.hpp"

#include <iostream>
#include <thread>

#include <asio/post.hpp>

#include <loopwatch/black_box.hpp>
#include <loopwatch/loopwatch.hpp>
#include <loopwatch/monitor.hpp>
#include <loopwatch/pictures.hpp>
#include <loopwatch/read_black_box.hpp>
#include <loopwatch/systemd.hpp>
#include <loopwatch/to_journald.hpp>
#include <loopwatch/to_json_lines.hpp>
#include <loopwatch/to_otlp.hpp>
#include <loopwatch/to_rotating_file.hpp>
#include <loopwatch/to_syslog.hpp>
#include <loopwatch/to_text.hpp>

#if defined(WITH_SPDLOG)
#include <loopwatch/to_spdlog.hpp>
#endif

#if LOOPWATCH_HAS_EXCEPTIONS()
#error "this program must be compiled with -fno-exceptions"
#endif

using namespace std::chrono_literals;

int main()
{
    asio::io_context loop;
    loopwatch::monitor monitor{{.threshold = 20ms},
                               {[](loopwatch::block_notice const& notice) { std::cout << to_string(notice); }}};
    loopwatch::systemd_watchdog const alive{monitor};
    auto watched = monitor.watch(loop, "api");
    asio::post(loop, [] { std::this_thread::sleep_for(100ms); });
    loop.run();
    watched.end();
    monitor.flush(20s);
    return monitor.top().size() == 1 && !html_page(monitor.recording()).empty() ? 0 : 1;
}
