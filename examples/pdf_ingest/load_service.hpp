// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>  // before Boost.Asio 1.74, which forgets it

#include <boost/asio.hpp>
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

namespace load {

namespace asio = boost::asio;
using asio::ip::tcp;

/// A pdf_ingest of our own: a child process, which does not outlive this object.
///
/// Thread safety: none.
class service {
public:
    /// Throws: std::system_error if it can't be started.
    explicit service(std::vector<std::string> command)
    {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error{errno, std::generic_category(), "pipe2"};
        stdout_ = ends[0];
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        std::vector<char*> arguments;
        for (std::string& argument : command) arguments.push_back(argument.data());
        arguments.push_back(nullptr);
        int const error = ::posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
        if (error != 0) {
            ::close(stdout_);
            throw std::system_error{error, std::generic_category(), "cannot start " + command.front()};
        }
    }
    service(service const&) = delete;
    service& operator=(service const&) = delete;
    ~service()
    {
        end();
        ::close(stdout_);
    }

    /// Waits until it listens, for at most 30 s. Throws: std::runtime_error if it does not.
    asio::awaitable<tcp::endpoint> listening()
    {
        constexpr std::string_view expected = "listening on 127.0.0.1:";
        auto const executor = co_await asio::this_coro::executor;
        asio::posix::stream_descriptor output{executor, ::fcntl(stdout_, F_DUPFD_CLOEXEC, 0)};
        asio::steady_timer limit{executor, std::chrono::seconds{30}};
        limit.async_wait([&](boost::system::error_code cancelled) {
            if (!cancelled) output.cancel();
        });
        std::string line;
        boost::system::error_code error;
        co_await asio::async_read_until(output, asio::dynamic_buffer(line), '\n',
                                        asio::redirect_error(asio::use_awaitable, error));
        limit.cancel();
        unsigned short port = 0;
        if (line.starts_with(expected)) std::from_chars(line.data() + expected.size(), line.data() + line.size(), port);
        if (port == 0)
            throw std::runtime_error{line.empty() ? "the service does not listen"
                                                  : "instead of listening, the service says: " + line};
        co_return tcp::endpoint{asio::ip::address_v4::loopback(), port};
    }

    [[nodiscard]] pid_t pid() const { return pid_; }  ///< 0 when it has ended

    /// Asks it to end, and waits. Throws: std::runtime_error if it did not end well.
    void stop()
    {
        int const status = end();
        if (WIFSIGNALED(status))
            throw std::runtime_error{fmt::format("the service was ended by signal {}", WTERMSIG(status))};
        if (WEXITSTATUS(status) != 0)
            throw std::runtime_error{fmt::format("the service ended with {}", WEXITSTATUS(status))};
    }

private:
    /// Kills it if it takes longer than 20 s: it writes its ranking, and may have uploads to finish.
    int end() noexcept
    {
        using namespace std::chrono_literals;
        if (pid_ <= 0) return status_;
        ::kill(pid_, SIGTERM);
        auto const limit = std::chrono::steady_clock::now() + 20s;
        while (::waitpid(pid_, &status_, WNOHANG) == 0) {
            if (std::chrono::steady_clock::now() > limit) ::kill(pid_, SIGKILL);
            std::this_thread::sleep_for(5ms);
        }
        pid_ = 0;
        return status_;
    }

    pid_t pid_{0};
    int stdout_{-1};
    int status_{0};
};

}  // namespace load
