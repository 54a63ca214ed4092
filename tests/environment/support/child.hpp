// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/// A folder that is gone with this object.
class scratch_folder {
public:
    scratch_folder()
    {
        std::string name = (std::filesystem::temp_directory_path() / "loopwatch-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no folder " + name};
        path_ = name;
    }
    scratch_folder(scratch_folder const&) = delete;
    scratch_folder& operator=(scratch_folder const&) = delete;
    ~scratch_folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] std::string operator/(std::string const& name) const { return (path_ / name).string(); }

    [[nodiscard]] std::string with(std::string const& name, std::string const& content) const
    {
        std::ofstream{path_ / name} << content;
        return *this / name;
    }
    [[nodiscard]] std::string content(std::string const& name) const
    {
        std::ostringstream all;
        all << std::ifstream{path_ / name}.rdbuf();
        return all.str();
    }
    [[nodiscard]] std::size_t files() const
    {
        auto const all = std::filesystem::directory_iterator{path_};
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }

private:
    std::filesystem::path path_;
};

/// A program under way, in an environment that is only what the test gives it.
class child {
public:
    using variables = std::vector<std::pair<std::string, std::string>>;

    child(std::vector<std::string> words, variables const& environment)
    {
        words.insert(words.begin(), LOOPWATCH_TEST_CHILD);
        std::vector<std::string> settings;
        for (auto const& [name, value] : environment) settings.push_back(name + "=" + value);
        // In a process that was forked and ends as programs do, what the threads of its parent held counts as leaked.
        if (words.at(1).starts_with("--fork")) settings.emplace_back("ASAN_OPTIONS=detect_leaks=0");
        auto const pointers = [](std::vector<std::string>& texts) {
            std::vector<char*> all;
            for (std::string& each : texts) all.push_back(each.data());
            all.push_back(nullptr);
            return all;
        };
        std::string const out_file = folder_ / "out";
        std::string const err_file = folder_ / "err";
        ::posix_spawn_file_actions_t files;
        ::posix_spawn_file_actions_init(&files);
        ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, out_file.c_str(), O_WRONLY | O_CREAT, 0600);
        ::posix_spawn_file_actions_addopen(&files, STDERR_FILENO, err_file.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                           0600);
        int const failed = ::posix_spawn(&process_, LOOPWATCH_TEST_CHILD, &files, nullptr, pointers(words).data(),
                                         pointers(settings).data());
        ::posix_spawn_file_actions_destroy(&files);
        if (failed != 0) throw std::runtime_error{"can't run " LOOPWATCH_TEST_CHILD};
    }
    child(child const&) = delete;
    child& operator=(child const&) = delete;
    ~child() { wait(); }

    /// Waits for its end; then `code`, `out` and `err` are known.
    child& wait()
    {
        if (process_ == 0) return *this;
        int status = 0;
        while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
        }
        process_ = 0;
        code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
        out = folder_.content("out");
        err = without_starvation(folder_.content("err"));
        return *this;
    }

    int code{-1};
    std::string out;
    std::string err;

private:
    /// What a busy machine does to a loop is warned of at any time, and is not what is tested.
    static std::string without_starvation(std::string const& text)
    {
        std::string kept;
        std::string report;
        auto const end_of_report = [&] {
            bool const is_warning = report.starts_with("loop delayed");
            bool const of_machine = report.find("\n  why      starved") != report.npos ||
                                    report.find("\n  why      suspended") != report.npos;
            if (!is_warning || !of_machine) kept += report;
            report.clear();
        };
        std::istringstream lines{text};
        for (std::string line; std::getline(lines, line);) {
            if (!line.starts_with(' ')) end_of_report();
            report += line + '\n';
        }
        end_of_report();
        return kept;
    }

    scratch_folder folder_;
    ::pid_t process_{0};
};

inline std::size_t count(std::string const& text, std::string const& part)
{
    std::size_t n = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++n;
    return n;
}
