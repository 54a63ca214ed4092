// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../detail/config.hpp"
#include "../../monitor_sink.hpp"
#include "../base/write_whole.hpp"
#include "../monitor/notice_text.hpp"
#include "../report/text/terminal.hpp"

#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

class stderr_sink final : public notice_sink {
public:
    explicit stderr_sink(bool all_frames) : all_frames_{all_frames} {}

    void write(block_notice const& notice) override
    {
        if (write_whole(text_of(notice, layout_of_stderr(all_frames_)))) return;
        throw std::system_error{errno, std::generic_category(), "loopwatch: can't write to standard error"};
    }

private:
    bool all_frames_;
};

LOOPWATCH_DECL void refuse_argument(char const* what)
{
    throw std::invalid_argument{std::string{"loopwatch: "} + what};
}

}  // namespace detail

LOOPWATCH_DECL monitor_sink to_stderr(bool all_frames) { return {std::make_shared<detail::stderr_sink>(all_frames)}; }

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
