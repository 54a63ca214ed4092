// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <loopwatch/read_black_box.hpp>

// Programs that are started, watched from outside, and killed; and folders for what they leave.
namespace black_box_tests {

using namespace std::chrono_literals;

class program {
public:
    explicit program(std::vector<std::string> words)
    {
        std::vector<char*> arguments;
        for (std::string& each : words) arguments.push_back(each.data());
        arguments.push_back(nullptr);
        process_ = ::fork();
        if (process_ == 0) {
            ::execv(arguments[0], arguments.data());
            ::_exit(127);
        }
    }
    program(program const&) = delete;
    program& operator=(program const&) = delete;
    ~program()
    {
        if (process_ > 0) end_by(SIGKILL);
    }

    [[nodiscard]] pid_t process() const { return process_; }
    void signal(int number) const { ::kill(process_, number); }
    /// The status of wait().
    int wait()
    {
        int status = 0;
        while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
        }
        process_ = 0;
        return status;
    }
    int end_by(int number)
    {
        signal(number);
        return wait();
    }

private:
    pid_t process_{0};
};

/// Until the condition holds; false: for 30 s it did not.
template <typename Condition>
[[nodiscard]] bool comes_true(Condition const& condition)
{
    auto const until = std::chrono::steady_clock::now() + 30s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(2ms);
    }
    return true;
}

/// What a process that runs has recorded, or nothing yet.
[[nodiscard]] inline loopwatch::black_box_contents read_if_there(std::string const& file)
{
    if (!std::filesystem::exists(file)) return {};
    return loopwatch::read_black_box(file);
}

/// Whether a block under way is recorded with its culprit.
[[nodiscard]] inline bool blocks_in(std::string const& file, std::string const& function)
{
    auto const contents = read_if_there(file);
    for (auto const& r : contents.under_way)
        if (r.culprit() != nullptr && r.culprit()->function.find(function) != std::string::npos) return true;
    return false;
}

/// A new folder, removed in the end.
class folder {
public:
    explicit folder(std::string const& in)
    {
        std::string name = in + "/loopwatch-test-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"can't make a folder in " + in};
        name_ = name;
    }
    folder(folder const&) = delete;
    folder& operator=(folder const&) = delete;
    ~folder() { std::filesystem::remove_all(name_); }
    [[nodiscard]] std::string operator/(std::string const& file) const { return name_ + "/" + file; }

    [[nodiscard]] bool is_in_memory() const
    {
        struct statfs system{};
        return ::statfs(name_.c_str(), &system) == 0 && system.f_type == 0x01021994;
    }

private:
    std::string name_;
};

}  // namespace black_box_tests
