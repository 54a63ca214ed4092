// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <asio.hpp>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

// What the suspects need around them.

/// A folder of its own, gone with it.
class private_folder {
public:
    explicit private_folder(std::filesystem::path const& within = std::filesystem::temp_directory_path())
    {
        std::string pattern = (within / "loopwatch-suspects-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"cannot make a folder like " + pattern};
        path_ = pattern;
    }
    private_folder(private_folder const&) = delete;
    private_folder& operator=(private_folder const&) = delete;
    ~private_folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] std::filesystem::path const& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// A loop of its own on a thread of its own, for the other side of a conversation. It ends with it.
class other_side {
public:
    explicit other_side(char const* thread_name)
        : thread_{[this, thread_name] {
              ::pthread_setname_np(::pthread_self(), thread_name);
              loop_.run();
          }}
    {
    }
    other_side(other_side const&) = delete;
    other_side& operator=(other_side const&) = delete;
    ~other_side()
    {
        loop_.stop();
        thread_.join();
    }

    asio::io_context& loop() { return loop_; }

private:
    asio::io_context loop_;
    asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
    std::thread thread_;
};

/// Another process. It ends with it, and also with this one, however this one ends.
class other_process {
public:
    /// Runs a program, without its output; `arguments` begin with its name.
    explicit other_process(std::string const& program, std::vector<std::string> arguments)
    {
        // Allocated before the fork: other threads may hold the allocator's locks in it.
        std::vector<char*> pointers;
        for (std::string& a : arguments) pointers.push_back(a.data());
        pointers.push_back(nullptr);
        start([&] {
            int const nowhere = ::open("/dev/null", O_RDWR);
            for (int fd = 0; fd < 3; ++fd) ::dup2(nowhere, fd);
            ::execv(program.c_str(), pointers.data());
        });
    }

    /// Runs a function in a copy of this process, of which only the calling thread is left.
    explicit other_process(void (*function)()) { start(function); }

    other_process(other_process&& other) noexcept : id_{std::exchange(other.id_, 0)} {}
    other_process& operator=(other_process&&) = delete;
    ~other_process()
    {
        if (id_ == 0) return;
        ::kill(id_, SIGKILL);
        ::waitpid(id_, nullptr, 0);
    }

private:
    template <typename Function>
    void start(Function const& function)
    {
        ::pid_t const parent = ::getpid();
        id_ = ::fork();
        if (id_ < 0) throw std::system_error{errno, std::generic_category(), "fork"};
        if (id_ > 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() == parent) function();
        ::_exit(127);
    }

    ::pid_t id_{0};
};
