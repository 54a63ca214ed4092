// SPDX-License-Identifier: BSL-1.0

// What is sent to the system's log and to the journal, as servers of our own receive it. The real journal is asked in
// with_journald.
#include "made_notices.hpp"
#include "scratch_folder.hpp"
#include "support/catch.hpp"
#include "support/stall.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <loopwatch/impl/monitor/journal_sink.hpp>
#include <loopwatch/impl/monitor/sink_queue.hpp>
#include <loopwatch/impl/monitor/syslog_sink.hpp>

using loopwatch::detail::journal_sink;
using loopwatch::detail::sink_queue;
using loopwatch::detail::syslog_sink;

namespace {

/// A server for messages.
class server {
public:
    explicit server(std::string const& path, int type = SOCK_DGRAM)
    {
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        REQUIRE(path.size() < sizeof at.sun_path);
        std::memcpy(at.sun_path, path.data(), path.size());
        socket_ = ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
        REQUIRE(socket_ >= 0);
        REQUIRE(::bind(socket_, reinterpret_cast<sockaddr const*>(&at), sizeof at) == 0);
        if (type == SOCK_STREAM) REQUIRE(::listen(socket_, 1) == 0);
    }
    server(server const&) = delete;
    server& operator=(server const&) = delete;
    ~server() { ::close(socket_); }

    /// The next message; of what came as a file the file's bytes.
    [[nodiscard]] std::string received() const
    {
        std::string bytes(1 << 20, '\0');
        iovec part{bytes.data(), bytes.size()};
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        auto const size = ::recvmsg(socket_, &message, MSG_CMSG_CLOEXEC);
        REQUIRE(size >= 0);
        bytes.resize(static_cast<std::size_t>(size));
        if (auto const* const head = CMSG_FIRSTHDR(&message)) {
            REQUIRE(head->cmsg_type == SCM_RIGHTS);
            int file = -1;
            std::memcpy(&file, CMSG_DATA(head), sizeof file);
            // The journal refuses what could still change.
            CHECK((::fcntl(file, F_GET_SEALS) & (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)) ==
                  (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
            struct stat is{};
            REQUIRE(::fstat(file, &is) == 0);
            bytes.resize(static_cast<std::size_t>(is.st_size));
            REQUIRE(::pread(file, bytes.data(), bytes.size(), 0) == is.st_size);
            ::close(file);
        }
        return bytes;
    }

    [[nodiscard]] int accepted() const { return ::accept(socket_, nullptr, nullptr); }

private:
    int socket_;
};

/// As systemd.io/JOURNAL_NATIVE_PROTOCOL says.
std::map<std::string, std::string> decoded(std::string_view entry)
{
    std::map<std::string, std::string> fields;
    while (!entry.empty()) {
        auto const end = entry.find_first_of("=\n");
        REQUIRE(end != entry.npos);
        std::string const name{entry.substr(0, end)};
        bool const has_size = entry[end] == '\n';
        entry.remove_prefix(end + 1);
        std::uint64_t size = entry.find('\n');
        if (has_size) {
            REQUIRE(entry.size() > sizeof size);
            std::memcpy(&size, entry.data(), sizeof size);  // these tests run on little-endian machines
            entry.remove_prefix(sizeof size);
        }
        REQUIRE(size < entry.size());
        CHECK(fields.emplace(name, entry.substr(0, size)).second);
        REQUIRE(entry[size] == '\n');
        entry.remove_prefix(size + 1);
    }
    return fields;
}

loopwatch::block_notice blocked()
{
    auto notice = *notice_of(3);
    auto& r = notice.report;
    r.loop = "api";
    r.thread_id = 42;
    r.duration = 150ms;
    r.threshold = 10ms;
    r.cause = loopwatch::cause::disk;
    r.evidence = "pread(fd 5)";
    loopwatch::frame& culprit = r.stack.emplace_back();
    culprit.function = "app::load(std::string const&)";
    culprit.file = "/src/app.cpp";
    culprit.line = 60;
    culprit.origin = loopwatch::code_origin::user;
    notice.severity = loopwatch::severity::error;
    return notice;
}

}  // namespace

TEST_CASE("the journal gets fields")
{
    scratch_folder const folder;
    server const journal{folder / "socket"};
    journal_sink sink{folder / "socket", "shop"};
    sink.write(blocked());
    auto fields = decoded(journal.received());
    CHECK_THAT(fields["MESSAGE"], Catch::Matchers::StartsWith("loop blocked: block 3 on \"api\" for 150.0 ms") &&
                                      contains("\n  culprit  app::load(std::string const&)") &&
                                      !Catch::Matchers::EndsWith("\n"));
    CHECK(fields["PRIORITY"] == "3");
    CHECK(fields["SYSLOG_IDENTIFIER"] == "shop");
    CHECK(fields["CODE_FUNC"] == "app::load");
    CHECK(fields["CODE_FILE"] == "/src/app.cpp");
    CHECK(fields["CODE_LINE"] == "60");
    CHECK(fields["TID"] == "42");
    CHECK(fields["LOOPWATCH_CAUSE"] == "disk");
    CHECK(fields["LOOPWATCH_LOOP"] == "api");
    CHECK(fields["LOOPWATCH_EVIDENCE"] == "pread(fd 5)");
    CHECK(fields["LOOPWATCH_DURATION_USEC"] == "150000");
    CHECK(fields["LOOPWATCH_ENDED"] == "1");
    CHECK(fields["MESSAGE_ID"].size() == 32);

    auto brief = blocked();
    brief.telling = loopwatch::telling::brief;
    brief.severity = loopwatch::severity::critical;
    sink.write(brief);
    fields = decoded(journal.received());
    CHECK(fields["MESSAGE"].find('\n') == std::string::npos);
    CHECK(fields["PRIORITY"] == "2");

    journal_sink unnamed{folder / "socket", ""};
    unnamed.write(brief);
    CHECK(decoded(journal.received())["SYSLOG_IDENTIFIER"] == ::program_invocation_short_name);
}

TEST_CASE("what is too large for a message reaches the journal as a file")
{
    scratch_folder const folder;
    server const journal{folder / "socket"};
    journal_sink sink{folder / "socket", "shop"};
    auto large = blocked();
    large.report.evidence = std::string(3'000'000, 'x');
    sink.write(large);
    CHECK(decoded(journal.received())["LOOPWATCH_EVIDENCE"] == large.report.evidence);
}

TEST_CASE("the system's log gets one line, with priority and facility")
{
    scratch_folder const folder;
    server const log{folder / "socket"};
    syslog_sink sink{folder / "socket", "shop", 17 << 3};  // LOG_LOCAL1
    sink.write(blocked());
    auto const line = log.received();
    CHECK_THAT(line, Catch::Matchers::Matches("<139>[A-Z][a-z]{2} [ 1-3][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} shop\\[" +
                                              std::to_string(::getpid()) +
                                              "\\]: loop blocked: block 3 on \"api\" for 150\\.0 ms: disk: .*"));
    CHECK(line.find('\n') == line.npos);
    auto other = blocked();
    other.severity = loopwatch::severity::warning;
    sink.write(other);
    CHECK_THAT(log.received(), Catch::Matchers::StartsWith("<140>"));
    other.severity = loopwatch::severity::critical;
    sink.write(other);
    CHECK_THAT(log.received(), Catch::Matchers::StartsWith("<138>"));

    // A priority given with the facility is not taken for one.
    syslog_sink unnamed{folder / "socket", "", 24 | 7};
    unnamed.write(other);
    CHECK_THAT(log.received(),
               Catch::Matchers::StartsWith("<26>") && contains(std::string{::program_invocation_short_name} + '['));
}

TEST_CASE("dates of the system's log are in English, days in two columns")
{
    std::tm second{};
    second.tm_sec = 7;
    second.tm_min = 6;
    second.tm_hour = 5;
    second.tm_mday = 2;
    second.tm_mon = 2;
    second.tm_year = 124;
    second.tm_isdst = -1;
    CHECK(loopwatch::detail::syslog_time(std::mktime(&second)) == "Mar  2 05:06:07");
}

TEST_CASE("an old system's log, which takes a stream, gets lines that end")
{
    scratch_folder const folder;
    server const log{folder / "socket", SOCK_STREAM};
    syslog_sink sink{folder / "socket", "shop", 8};
    int const connection = log.accepted();
    REQUIRE(connection >= 0);
    sink.write(blocked());
    sink.write(blocked());
    std::string text;
    while (std::ranges::count(text, '\0') < 2) {
        char some[1024];
        auto const size = ::read(connection, some, sizeof some);
        REQUIRE(size > 0);
        text.append(some, static_cast<std::size_t>(size));
    }
    CHECK(text.back() == '\0');
    CHECK(text.substr(text.find('\0') + 1).starts_with("<11>"));
    ::close(connection);
}

TEST_CASE("notices are lost while a log's server is gone, and reach the one that comes after")
{
    scratch_folder const folder;
    auto first = std::make_unique<server>(folder / "socket");
    bool const journal = GENERATE(true, false);
    std::shared_ptr<loopwatch::notice_sink> sink;
    if (journal)
        sink = std::make_shared<journal_sink>(folder / "socket", "shop");
    else
        sink = std::make_shared<syslog_sink>(folder / "socket", "shop", 8);
    sink_queue queue{sink, 100};
    auto const push = [&] {
        queue.push(std::make_shared<loopwatch::block_notice>(blocked()));
        REQUIRE(queue.flush(test_clock::now() + 60s));
    };
    push();
    CHECK_THAT(first->received(), contains("disk"));
    first.reset();
    push();
    std::filesystem::remove(folder / "socket");
    push();
    CHECK(queue.lost() == 2);
    server const second{folder / "socket"};
    push();
    CHECK(queue.lost() == 2);
    CHECK_THAT(second.received(), contains("disk"));
}

TEST_CASE("a log that does not read blocks its own sink alone, and not the end of its queue")
{
    scratch_folder const folder;
    server const stuck{folder / "socket"};
    auto queue = std::make_unique<sink_queue>(std::make_shared<syslog_sink>(folder / "socket", "shop", 8), 10'000);
    for (std::uint64_t i = 0; i < 5'000; ++i) queue->push(notice_of(i));
    CHECK_FALSE(queue->flush(test_clock::now() + 10ms));
    queue->close(10ms);
    CHECK(queue->lost() > 0);
    queue.reset();
}

TEST_CASE("a service may start before its log does: until then notices are lost, and the socket is named")
{
    scratch_folder const folder;
    journal_sink journal{folder / "journal", ""};
    syslog_sink log{folder / "log", "", 8};
    syslog_sink wrong{std::string(500, 'x'), "", 8};
    CHECK_THROWS_WITH(journal.write(blocked()), contains(folder / "journal") && contains("No such file"));
    CHECK_THROWS_WITH(log.write(blocked()), contains(folder / "log") && contains("No such file"));
    CHECK_THROWS_AS(wrong.write(blocked()), std::system_error);

    server const first{folder / "journal"};
    journal.write(blocked());
    CHECK_THAT(first.received(), contains("disk"));
    server const second{folder / "log", SOCK_STREAM};
    log.write(blocked());
    int const connection = second.accepted();
    char text[4096];
    auto const size = ::read(connection, text, sizeof text);
    REQUIRE(size > 0);
    CHECK(text[size - 1] == '\0');
    ::close(connection);
}
