// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../detail/config.hpp"
#include "../../monitor_sink.hpp"

#include <mutex>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A sink that several monitors may share: each of them has a thread that calls it.
class serial_sink : public notice_sink {
public:
    void write(block_notice const& notice) final
    {
        std::lock_guard const hold{mutex_};
        write_one(notice);
    }
    void reopen() final
    {
        std::lock_guard const hold{mutex_};
        reopen_file();
    }

private:
    virtual void write_one(block_notice const& notice) = 0;
    virtual void reopen_file() {}

    std::mutex mutex_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
