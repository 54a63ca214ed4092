// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <spdlog/details/file_helper.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>
#include <string>

/// A file that may be renamed by log rotation, and is opened anew then. spdlog's own can't.
class rotated_file final : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit rotated_file(std::string const& path) { file_.open(path); }

    void reopen()
    {
        std::lock_guard const hold{mutex_};
        file_.reopen(false);
    }

private:
    void sink_it_(spdlog::details::log_msg const& message) override
    {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        file_.write(line);
        file_.flush();
    }
    void flush_() override { file_.flush(); }

    spdlog::details::file_helper file_;
};
