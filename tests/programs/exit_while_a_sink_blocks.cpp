// SPDX-License-Identifier: BSL-1.0

// The process ends while a sink is inside write(), from where it comes back while the statics end that it uses. Its
// queue is a static one, and another one is never destroyed.
#include "programs/expect.hpp"
#include "sinks/made_notices.hpp"
#include "support/stall.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

#include <unistd.h>

#include <loopwatch/impl/monitor/sink_queue.hpp>

namespace {

// Trivially destroyed.
std::atomic<bool> statics_gone{false};
std::atomic<int> inside{0};
std::atomic<bool> come_back{false};
std::atomic<int> written{0};  // by the sink that is not blocked
constexpr int pushed = 1000;

/// What sinks use, and what in the end is gone. Made first, so destroyed last.
struct used {
    used() = default;
    used(used const&) = delete;
    used& operator=(used const&) = delete;
    ~used()
    {
        expect(written == pushed, "the queue that ended last had its sink write all");
        statics_gone = true;
        come_back = true;
        // The sinks return here. Neither may be called once more, nor be destroyed.
        std::this_thread::sleep_for(100ms);
    }
};
used const made_first;

class using_statics : public loopwatch::notice_sink {
public:
    explicit using_statics(bool is_blocked) : is_blocked_{is_blocked} {}
    using_statics(using_statics const&) = delete;
    using_statics& operator=(using_statics const&) = delete;
    ~using_statics() override { expect_statics(); }

    void write(loopwatch::block_notice const&) override
    {
        expect_statics();
        ++inside;
        if (!is_blocked_) ++written;
        while (is_blocked_ && !come_back) std::this_thread::sleep_for(1ms);
    }

private:
    static void expect_statics()
    {
        // Not expect(): nobody else may end the process while it ends.
        if (!statics_gone) return;
        static_cast<void>(!::write(2, "used what is gone\n", 18));
        ::_exit(1);
    }
    bool is_blocked_;
};

std::optional<loopwatch::detail::sink_queue> queue;
std::optional<loopwatch::detail::sink_queue> late;

}  // namespace

int main()
{
    using loopwatch::detail::sink_queue;
    static auto* const never_destroyed = new sink_queue{std::make_shared<using_statics>(true), 10};
    queue.emplace(std::make_shared<using_statics>(true), 10);
    // This one writes all that it has even though statics that were made after it are gone already.
    late.emplace(std::make_shared<using_statics>(false), pushed);
    for (std::uint64_t i = 1; i <= 2; ++i) {
        queue->push(notice_of(i));
        never_destroyed->push(notice_of(i));
    }
    while (inside < 2) std::this_thread::yield();
    for (std::uint64_t i = 1; i <= pushed; ++i) late->push(notice_of(i));
    // Statics end in the reverse order: `late`, then `queue`, which waits for a second, then `made_first`.
    return 0;
}
