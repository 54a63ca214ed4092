// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/child.hpp"

#include <filesystem>
#include <string>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

// The child's own options are a threshold of 20 ms, on_block::raise, and the name "code".

TEST_CASE("without LOOPWATCH_OPTIONS the code decides", "[overrides]")
{
    child c{{"load:300"}, {}};
    c.wait();
    INFO(c.out << c.err);
    CHECK(c.code == 0);
    CHECK_THAT(c.out, contains("raised=1\n"));
    CHECK_THAT(c.out, contains("blocks=1\nblocks: legacy::load("));
    CHECK_THAT(c.out, contains("on code threshold 20.0 ms"));
    CHECK_THAT(c.out, contains("threads=2\n"));
    CHECK(c.err.empty());
}

TEST_CASE("LOOPWATCH_OPTIONS overrides the options in the code", "[overrides]")
{
    SECTION("a threshold above the block")
    {
        child c{{"load:300"}, {{"LOOPWATCH_OPTIONS", "threshold=5s"}}};
        c.wait();
        INFO(c.out << c.err);
        CHECK_THAT(c.out, contains("raised=0\nblocks=0\nexcused=0\n"));
    }
    SECTION("a threshold below the one in the code")
    {
        child c{{"load:15"}, {{"LOOPWATCH_OPTIONS", "threshold=5ms:loop_name='a name: of two'"}}};
        c.wait();
        INFO(c.out << c.err);
        CHECK_THAT(c.out, contains("blocks=1\n"));
        CHECK_THAT(c.out, contains("on a name: of two threshold 5.0 ms"));
    }
    SECTION("the action")
    {
        child c{{"load:300"}, {{"LOOPWATCH_OPTIONS", "action=log:all_frames=1"}}};
        c.wait();
        INFO(c.out << c.err);
        CHECK_THAT(c.out, contains("raised=0\nblocks=1\n"));
        CHECK(count(c.err, "loop blocked: block 1 on \"code\"") == 1);
        CHECK(count(c.err, "frames in") == 0);
    }
    SECTION("the causes")
    {
        child c{{"load:300"}, {{"LOOPWATCH_OPTIONS", "raise_on=cpu"}}};
        c.wait();
        INFO(c.out << c.err);
        CHECK_THAT(c.out, contains("raised=0\nblocks=0\nexcused=1\n"));
    }
}

TEST_CASE("what is wrong in LOOPWATCH_OPTIONS stops every guard, with its name", "[overrides]")
{
    for (auto const& [text, named] : std::initializer_list<std::pair<char const*, char const*>>{
             {"treshold=50ms", "LOOPWATCH_OPTIONS: treshold=50ms: there is no such key"},
             {"threshold=50", "LOOPWATCH_OPTIONS: threshold=50: must be a number with its unit"},
             {"heartbeat_interval=1s",
              "LOOPWATCH_OPTIONS: heartbeat_interval=1000 ms: must not be above the threshold"},
             {"loopwatch=off:action=ignore", "LOOPWATCH_OPTIONS: action=ignore: must be raise or log"},
         }) {
        child c{{"load:300"}, {{"LOOPWATCH_OPTIONS", text}}};
        c.wait();
        INFO(text << '\n' << c.out << c.err);
        CHECK(c.code == 3);
        CHECK_THAT(c.out, contains(std::string{"refused: loopwatch: "} + named));
    }
}

TEST_CASE("loopwatch=off turns all off", "[overrides]")
{
    child c{{"--log", "load:300"}, {{"LOOPWATCH_OPTIONS", "loopwatch=off:suppressions=/no/such/file"}}};
    c.wait();
    INFO(c.out << c.err);
    CHECK(c.code == 0);
    CHECK_THAT(c.out, contains("raised=0\nblocks=0\nexcused=0\nthreads=0\n"));
    CHECK(c.err.empty());
}

TEST_CASE("a program with more rights than its caller does not obey the caller's environment (made by root)",
          "[overrides]")
{
    scratch_folder folder;
    std::string const program = folder / "set-user-id";
    std::filesystem::copy_file(LOOPWATCH_TEST_CHILD, program);
    struct statvfs of_folder{};
    if (::geteuid() != 0 || ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ||
        ::statvfs(program.c_str(), &of_folder) != 0 || (of_folder.f_flag & ST_NOSUID) != 0) {
        WARN("left out: only root can make such a program, and only where they are allowed");
        return;
    }
    // The caller may read the program, and write what is under its own name.
    REQUIRE(::chmod((folder / ".").c_str(), 0777) == 0);
    REQUIRE(::chmod(program.c_str(), 04755) == 0);
    std::string const out = folder / "out";
    std::string const options = "LOOPWATCH_OPTIONS=loop_name=callers:baseline=" + folder / "b.txt";
    std::string const summary = "GITHUB_STEP_SUMMARY=" + folder / "summary";
    ::pid_t const process = ::fork();
    if (process == 0) {
        constexpr unsigned nobody = 65'534;
        int const to = ::open(out.c_str(), O_WRONLY | O_CREAT, 0666);
        ::dup2(to, STDOUT_FILENO);
        ::dup2(to, STDERR_FILENO);
        char const* const words[] = {program.c_str(), "load:300", nullptr};
        char const* const variables[] = {options.c_str(), summary.c_str(), "GITHUB_ACTIONS=true", nullptr};
        if (::setgid(nobody) == 0 && ::setuid(nobody) == 0)
            ::execve(program.c_str(), const_cast<char**>(words), const_cast<char**>(variables));
        ::_exit(99);
    }
    int status = -1;
    REQUIRE(::waitpid(process, &status, 0) == process);
    auto const said = folder.content("out");
    INFO(said);
    CHECK(status == 0);
    CHECK_THAT(said, contains("blocks=1\nblocks: legacy::load("));
    CHECK_THAT(said, contains("on code threshold 20.0 ms"));
    CHECK(count(said, "::error") + count(said, "::warning") == 0);
    CHECK(folder.files() == 2);
}
