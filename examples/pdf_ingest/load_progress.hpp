// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>

#include <unistd.h>

namespace load {

/// How far the run is, on standard error: a bar if that is a terminal, else a line per round.
class progress {
public:
    progress() = default;
    progress(progress const&) = delete;
    progress& operator=(progress const&) = delete;
    ~progress() { clear(); }

    /// A round of so many requests, after so many of all rounds.
    void begin(std::string const& round, std::size_t requests, std::size_t done, std::size_t rounds)
    {
        round_ = round;
        requests_ = requests;
        answered_ = 0;
        done_ = done;
        rounds_ = rounds;
        show();
    }

    void answered()
    {
        ++answered_;
        if (std::chrono::steady_clock::now() - shown_ > std::chrono::milliseconds{100}) show();
    }

    void end(double seconds) const
    {
        if (!is_terminal_) fmt::print(stderr, "{}, {} requests: {:.2f} s\n", round_, requests_, seconds);
    }

    void clear() const
    {
        if (is_terminal_) fmt::print(stderr, "\r\x1b[K");
    }

private:
    void show()
    {
        if (!is_terminal_) return;
        constexpr std::size_t width = 40;
        shown_ = std::chrono::steady_clock::now();
        auto const filled = width * (done_ * requests_ + answered_) / (rounds_ * requests_);
        fmt::print(stderr, "\r\x1b[K[{:#<{}}{:.<{}}] {} {}/{}", "", filled, "", width - filled, round_, answered_,
                   requests_);
        std::fflush(stderr);
    }

    std::string round_;
    std::size_t requests_{0};
    std::size_t answered_{0};
    std::size_t done_{0};
    std::size_t rounds_{0};
    std::chrono::steady_clock::time_point shown_;
    bool is_terminal_{::isatty(STDERR_FILENO) == 1};
};

}  // namespace load
