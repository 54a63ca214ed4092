// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/analysis/fix.hpp>

#include <string>
#include <vector>

using namespace loopwatch;
using loopwatch::detail::fix_for;

namespace {

std::string const program = "/home/me/bin/app";
std::string const libc = "/lib/x86_64-linux-gnu/libc.so.6";
std::string const libstdcxx = "/lib/x86_64-linux-gnu/libstdc++.so.6";
std::string const usr_lib = "/usr/lib/x86_64-linux-gnu/";

frame of(std::string const& module, std::string function)
{
    frame f;
    f.function = std::move(function);
    f.module = module;
    return f;
}

frame inlined(std::string function, std::string file)
{
    frame f = of(program, std::move(function));
    f.file = std::move(file);
    f.inlined = true;
    return f;
}

/// What leads from a function of the user's to the leaf, within the rest of a stack as every handler's.
std::vector<frame> stack_of(std::vector<frame> called)
{
    called.push_back(of(program, "app::upload(std::string_view)"));
    called.push_back(of(program, "asio::detail::executor_op<app::f>::do_complete(void*, asio::detail::operation*)"));
    called.push_back(of(program, "asio::detail::scheduler::run(std::error_code&)"));
    called.push_back(of(program, "main"));
    return called;
}

}  // namespace

TEST_CASE("what is not recognised has no fix", "[fix]")
{
    auto const nothing_known = stack_of({of(libc, "ioctl")});
    CHECK(fix_for(cause::unknown, nothing_known).empty());
    CHECK(fix_for(cause::blocking_call, nothing_known).empty());
    CHECK(fix_for(cause::unknown, {}).empty());
    CHECK(fix_for(cause::blocking_call, stack_of({})).empty());
    CHECK(fix_for(cause::blocking_call, stack_of({of(libc, "")})).empty());
}

TEST_CASE("who is not to blame has nothing to fix", "[fix]")
{
    auto const sleeping = stack_of({of(libc, "clock_nanosleep")});
    CHECK(fix_for(cause::starved, sleeping).empty());
    CHECK(fix_for(cause::suspended, sleeping).empty());
}

TEST_CASE("functions of the user's are not taken for the system's", "[fix]")
{
    CHECK(fix_for(cause::blocking_call, stack_of({of(program, "app::sleep(int)")})).empty());
    CHECK(fix_for(cause::blocking_call, stack_of({of(program, "sleep(int)")})).empty());
    CHECK(fix_for(cause::blocking_call, stack_of({of(program, "app::std_future::get()")})).empty());
    CHECK(fix_for(cause::blocking_call, stack_of({of(program, "void app::getaddrinfo<int>(int)")})).empty());
    CHECK(fix_for(cause::blocking_call, stack_of({inlined("sleep", "/home/me/src/app.cpp")})).empty());
    CHECK(fix_for(cause::blocking_call, stack_of({inlined("poll", "/usr/include/asio/io_context.hpp")})).empty());
    CHECK(fix_for(cause::blocking_call, stack_of({of(libc, "sleeping_beauty")})).empty());
}

TEST_CASE("only what the culprit called is looked at", "[fix]")
{
    auto const callback = stack_of({of(libc, "ioctl"), of(program, "app::on_row(void*, int, char**, char**)"),
                                    of(usr_lib + "libsqlite3.so.0.8.6", "sqlite3_exec")});
    CHECK(fix_for(cause::blocking_call, callback).empty());
    auto const inlined_callback = stack_of({of(libc, "ioctl"), inlined("on_row", "/home/me/src/app.cpp"),
                                            of(usr_lib + "libsqlite3.so.0.8.6", "sqlite3_exec")});
    CHECK(fix_for(cause::blocking_call, inlined_callback).empty());
    // The loop's own thread is joined by main(), not by the handler.
    std::vector<frame> const outside{of(libc, "ioctl"), of(program, "main"), of(libc, "pthread_join")};
    CHECK(fix_for(cause::blocking_call, outside).empty());
}

TEST_CASE("the fix is the one of the call that the user's code makes", "[fix]")
{
    struct example {
        cause why;
        std::vector<frame> called;
        char const* fix;
    };
    std::string const timed_wait =
        "std::__atomic_futex_unsigned_base::_M_futex_wait_until(unsigned int*, unsigned int)";
    std::vector<example> const table{
        {cause::blocking_call, {of(libc, "__poll"), of(libc, "__GI_getaddrinfo")}, "ip::tcp::resolver::async_resolve"},
        {cause::blocking_call, {of(libc, "poll"), of(libc, "gethostbyname_r")}, "ip::tcp::resolver::async_resolve"},
        {cause::blocking_call,
         {of(libc, "poll"), of(libc, "getaddrinfo"),
          of(program, "boost::asio::ip::basic_resolver<boost::asio::ip::tcp, int>::resolve(std::string_view)")},
         "ip::tcp::resolver::async_resolve"},

        {cause::blocking_call, {of(libc, "clock_nanosleep")}, "steady_timer::async_wait"},
        {cause::blocking_call, {of(libc, "__interceptor_usleep")}, "steady_timer::async_wait"},
        {cause::blocking_call, {of(program, "__nanosleep")}, "steady_timer::async_wait"},  // linked statically
        {cause::blocking_call,
         {of(libc, ""), of(program, "void std::this_thread::sleep_for<long, std::ratio<1l> >(long)")},
         "steady_timer::async_wait"},
        {cause::unknown, {of(libc, "clock_nanosleep")}, "steady_timer::async_wait"},

        {cause::lock, {of(libc, "syscall"), of(libstdcxx, timed_wait)}, "co_await the work instead of its future"},
        {cause::lock, {of(libc, ""), of(program, "std::future<int>::get()")}, "instead of its future"},
        {cause::self_deadlock, {of(libc, "syscall"), of(libstdcxx, timed_wait)}, "instead of its future"},
        {cause::lock,
         {of("/usr/lib/libc++.so.1", "std::__assoc_sub_state::__sub_wait(std::unique_lock<std::mutex>&)")},
         "instead of its future"},
        {cause::lock, {of(libc, "pthread_join"), of(libstdcxx, "std::thread::join()")}, "instead of joining it"},
        {cause::lock, {of(libc, "pthread_cond_wait"), of(program, "asio::thread_pool::join()")}, "of joining it"},

        {cause::lock, {of(libc, ""), of(libc, "pthread_mutex_lock@@GLIBC_2.2.5")}, "with a strand instead of a mutex"},
        {cause::lock, {of(libc, "___pthread_mutex_lock")}, "or hold the mutex for a shorter section"},
        {cause::lock, {of(libc, "__pthread_mutex_clocklock_common")}, "strand"},
        {cause::lock, {of(libc, "pthread_rwlock_wrlock")}, "strand"},
        {cause::self_deadlock,
         {of(libc, "pthread_mutex_lock"), of(program, "std::lock_guard<std::mutex>::lock_guard(std::mutex&)")},
         "release the mutex before locking it again"},
        {cause::lock, {of(libc, "pthread_cond_wait")}, "experimental::channel"},
        {cause::lock,
         {of(libc, "pthread_cond_wait"), of(libstdcxx, "std::condition_variable::wait(std::unique_lock<std::mutex>&)")},
         "experimental::channel"},
        {cause::lock, {of(libc, "__new_sem_wait_slow64")}, "experimental::channel"},
        {cause::lock, {of(libc, "sem_wait")}, "steady_timer that the event cancels"},
        {cause::self_deadlock, {of(libc, "pthread_cond_wait")}, "can only be done by this loop"},
        {cause::lock, {}, "instead of a lock"},  // a lock of the user's own making

        {cause::blocking_call,
         {of(libc, "poll"), of(usr_lib + "libcurl.so.4.8.0", "curl_multi_poll"),
          of(usr_lib + "libcurl.so.4.8.0", "curl_easy_perform")},
         "run the transfer on a thread_pool: co_await co_spawn(pool, ..., use_awaitable)"},
        {cause::blocking_call,
         {of(libc, "poll"), of(libc, "getaddrinfo"), of(usr_lib + "libcurl.so.4.8.0", "")},
         "run the transfer on a thread_pool"},
        {cause::cpu, {of(usr_lib + "libcurl.so.4.8.0", "")}, "run the transfer on a thread_pool"},
        // Linked into the program: its inner functions are seen through.
        {cause::blocking_call,
         {of(libc, "clock_nanosleep"), of(program, "unixSleep"), of(program, "sqlite3_step")},
         "run the SQLite call on a thread_pool"},
        {cause::blocking_call,
         {of(libc, "nanosleep"), of("/opt/lib/libsqlite3.so", "sqliteDefaultBusyCallback")},
         "run the SQLite call on a thread_pool"},
        {cause::blocking_call, {of(libc, "poll"), of(usr_lib + "libpq.so.5.15", "PQexec")}, "run the query"},
        {cause::blocking_call, {of(libc, "poll"), of("/opt/lib/libpqxx.so", "pqxx::connection::exec()")}, "the query"},
        {cause::blocking_call, {of(libc, "recv"), of(usr_lib + "libmariadb.so.3", "")}, "run the query"},
        {cause::blocking_call,
         {of(libc, "recv"), of(usr_lib + "libhiredis.so.0.14", "redisCommand")},
         "run the Redis command on a thread_pool"},
        {cause::lock, {of(libc, "pthread_cond_wait"), of(usr_lib + "librdkafka.so.1", "")}, "the Kafka call"},
        {cause::blocking_call, {of(libc, "read"), of(usr_lib + "libssl.so.3", "SSL_read")}, "use ssl::stream with"},
        {cause::cpu, {of(usr_lib + "libpoppler.so.126", "Page::display()")}, "thread_pool"},

        {cause::disk, {of(libc, "fdatasync")}, "run the sync to disk on a thread_pool"},
        {cause::blocking_call, {of(libc, "fsync")}, "run the sync to disk on a thread_pool"},
        {cause::disk,
         {of(libc, "read"), of(libstdcxx, "std::basic_filebuf<char, std::char_traits<char> >::underflow()"),
          of(libstdcxx, "std::istream::read(char*, long)")},
         "run the access to files on a thread_pool"},
        {cause::cpu,
         {of(libc, "memcpy"), of(libstdcxx, "std::basic_filebuf<char, std::char_traits<char> >::xsgetn(char*, long)")},
         "run the access to files on a thread_pool"},
        {cause::blocking_call,
         {of(libc, "openat64"), of(libstdcxx, "std::filesystem::directory_iterator::directory_iterator()")},
         "run the access to files on a thread_pool"},
        {cause::blocking_call, {of(libc, "__GI___open64_nocancel")}, "run the access to files on a thread_pool"},
        {cause::disk, {}, "run what touches the disk on a thread_pool"},

        {cause::blocking_call, {of(libc, "waitpid"), of(libc, "__libc_system")}, "boost::process::async_system"},
        {cause::blocking_call, {of(libc, "wait4")}, "signal_set for SIGCHLD"},

        {cause::blocking_call,
         {of(libc, "poll"), of(program, "boost::asio::detail::socket_ops::sync_connect(int, void const*)")},
         "co_await the asynchronous one"},
        {cause::blocking_call, {of(libc, "__libc_recvfrom")}, "async_read_some"},
        {cause::blocking_call, {of(libc, "connect")}, "async_connect"},
        {cause::blocking_call, {of(libc, "__poll")}, "async_wait of a socket"},
        {cause::blocking_call, {of(libc, "__read")}, "posix::stream_descriptor"},
        {cause::blocking_call, {of(libc, "__read_chk")}, "posix::stream_descriptor"},

        {cause::cpu, {}, "split it, with co_await post(use_awaitable)"},
        {cause::cpu, {}, "run it on a thread_pool: co_await co_spawn(pool, ..., use_awaitable)"},
        {cause::cpu, {of(libstdcxx, "std::istream::operator>>(int&)")}, "split it"},  // may be a stringstream
        {cause::cpu, {of(libc, "pthread_mutex_lock")}, "split it"},                   // it does not wait
        {cause::backlog, {of(libc, "clock_nanosleep")}, "bound the fan-out"},
    };
    for (example const& each : table) {
        auto const stack = stack_of(each.called);
        INFO(to_string(each.why) << " in " << (each.called.empty() ? "the user's code" : stack.front().function));
        CHECK_THAT(fix_for(each.why, stack), contains(each.fix));
    }
}

TEST_CASE("every fix is one line", "[fix]")
{
    for (auto const& r : detail::remedies) {
        CHECK_FALSE(r.text.empty());
        CHECK(r.text.find('\n') == r.text.npos);
        CHECK(r.text.size() < 100);
    }
}

TEST_CASE("every row of the table is reached by each of its names", "[fix]")
{
    for (auto const& r : detail::remedies) {
        for (auto rest = r.functions; !rest.empty();) {
            auto const length = std::min(rest.find(' '), rest.size());
            std::string name{rest.substr(0, length)};
            rest.remove_prefix(std::min(length + 1, rest.size()));
            if (name.ends_with('*')) name.back() = 'x';
            if (name.find("::") != name.npos) name += "()";
            if (name == "std::operator()") continue;  // stands for all operators
            bool const self = !r.causes.contains(cause::blocking_call);
            INFO(name);
            CHECK_THAT(fix_for(self ? cause::self_deadlock : cause::blocking_call, stack_of({of(libc, name)})),
                       contains(std::string{r.text}));
        }
        for (auto rest = r.modules; !rest.empty();) {
            auto const length = std::min(rest.find(' '), rest.size());
            std::string const name{rest.substr(0, length)};
            rest.remove_prefix(std::min(length + 1, rest.size()));
            INFO(name);
            CHECK_THAT(fix_for(cause::blocking_call, stack_of({of("/opt/lib/" + name + ".so.1", "f()")})),
                       contains(std::string{r.text}));
        }
    }
}

TEST_CASE("what is known of a wait by other than its stack says what to do where that does not", "[fix]")
{
    auto const nameless = stack_of({of(libc, ""), of(libc, "")});
    CHECK(fix_for(cause::lock, nameless, "pthread_mutex_lock").starts_with("guard the data with a strand"));
    CHECK(fix_for(cause::self_deadlock, nameless, "pthread_mutex_lock").starts_with("release the mutex"));
    CHECK(fix_for(cause::lock, nameless, "pthread_join").find("instead of joining it") != std::string::npos);
    auto const joins = stack_of({of(libc, ""), of(libstdcxx, "std::thread::join()")});
    CHECK(fix_for(cause::lock, joins, "pthread_mutex_lock").find("instead of joining it") != std::string::npos);
}

TEST_CASE("a function that was inlined is not known by its bare name", "[fix]")
{
    auto const waits = stack_of({of(libc, "pthread_cond_wait"), inlined("wait<app::f()::{lambda()#1}>", "")});
    CHECK(fix_for(cause::lock, waits).starts_with("wait for the event"));
}
