// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../evidence/evidence.hpp"
#include "../evidence/reading.hpp"
#include "../platform/thread.hpp"
#include "capture.hpp"
#include "snapshot.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The watchdog's access to the threads of its process, and to the clock. Abstract, so that unit tests can replace it.
/// The cost of a virtual call is negligible beside that of each function.
class thread_access {
public:
    [[nodiscard]] virtual time_point now() = 0;

    // See capture.hpp.
    [[nodiscard]] virtual bool request_capture(loop_thread const& thread, capture_request& request, snapshot& to) = 0;
    [[nodiscard]] virtual bool poll_capture(capture_request& request, snapshot& to) = 0;
    virtual void revoke_capture(capture_request& request, snapshot& to) = 0;

    // See evidence.hpp.
    virtual bool read(thread_number thread, thread_reading& to) = 0;
    virtual bool read_counters(thread_number thread, thread_counters& to) = 0;

protected:
    thread_access() = default;
    thread_access(thread_access const&) = delete;
    thread_access& operator=(thread_access const&) = delete;
    ~thread_access() = default;
};

/// The threads of this process, and the real clock. Has 70 KB.
class process_threads final : public thread_access {
public:
    [[nodiscard]] time_point now() override { return clock::now(); }
    [[nodiscard]] bool request_capture(loop_thread const& thread, capture_request& request, snapshot& to) override
    {
        return detail::request_capture(thread, request, to);
    }
    [[nodiscard]] bool poll_capture(capture_request& request, snapshot& to) override
    {
        return detail::poll(request, to);
    }
    void revoke_capture(capture_request& request, snapshot& to) override { detail::revoke(request, to); }
    bool read(thread_number thread, thread_reading& to) override { return reader_.read(thread, to); }
    bool read_counters(thread_number thread, thread_counters& to) override { return reader_.counters(thread, to); }

private:
    thread_reader reader_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
