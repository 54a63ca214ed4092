// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/fixed.hpp"
#include "../base/view.hpp"
#include "../symbolize/code_origin.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What to do instead of calling some functions, or any function of a library.
struct remedy {
    cause_set causes;            ///< it holds for blocks of these
    std::string_view functions;  ///< qualified names, between blanks; `*` at the end stands for the rest of a name
    std::string_view modules;    ///< how the names of the library's files begin, between blanks
    bool offload;                ///< `text` is what to run on a thread_pool; else it is the whole advice
    std::string_view text;
};

inline constexpr cause_set fixable_causes = cause_set::all().without(cause::starved).without(cause::suspended);
inline constexpr cause_set asleep_causes = fixable_causes.without(cause::cpu);
inline constexpr cause_set deadlocked_causes{cause::self_deadlock};
inline constexpr cause_set waiting_causes = asleep_causes.without(cause::self_deadlock);

inline constexpr std::string_view mutex_functions{
    "pthread_mutex_* pthread_rwlock_* mtx_lock mtx_timedlock "
    "std::mutex::* std::timed_mutex::* std::recursive_mutex::* std::recursive_timed_mutex::* std::shared_mutex::* "
    "std::shared_timed_mutex::* std::lock std::lock_guard::* std::unique_lock::* std::shared_lock::* "
    "std::scoped_lock::* boost::mutex::* boost::unique_lock::*"};

/// What the user's code called decides, so within this table the order matters only where two rows name one function.
inline constexpr fixed remedies{
    // Libraries, by their public functions where they are linked into the program.
    remedy{fixable_causes, "curl_easy_* curl_multi_wait curl_multi_poll curl_multi_perform", "libcurl", true,
           "the transfer"},
    remedy{fixable_causes, "sqlite3_*", "libsqlite3", true, "the SQLite call"},
    remedy{fixable_causes, "PQexec* PQconnect* PQprepare PQgetResult PQping* PQsetdb* PQreset PQdescribe*", "libpq",
           true, "the query"},
    remedy{fixable_causes, "mysql_*", "libmysqlclient libmariadb", true, "the query"},
    remedy{fixable_causes, "redisCommand* redisvCommand redisGetReply redisConnect* redisReconnect", "libhiredis", true,
           "the Redis command"},
    remedy{fixable_causes, "mongoc_* SQLExecDirect* SQLExecute SQLFetch SQLDriverConnect*", "libmongoc libodbc", true,
           "the query"},
    remedy{fixable_causes, "rd_kafka_*", "librdkafka", true, "the Kafka call"},
    remedy{fixable_causes, "git_* ldap_* ssh_* libssh2_* zmq_*", "libgit2 libldap libssh libzmq", true,
           "the library's call"},
    remedy{asleep_causes, "SSL_connect SSL_accept SSL_do_handshake SSL_read* SSL_write* SSL_shutdown", "libssl", false,
           "use ssl::stream with async_handshake, async_read_some and async_write_some"},
    remedy{fixable_causes, "",
           "libpoppler libMagick libavcodec libavformat libopencv libxml2 libz. libzstd liblzma libbz2 libbrotli", true,
           "the library's call"},

    // Names of hosts.
    remedy{asleep_causes,
           "getaddrinfo gethostbyname* gethostbyaddr* getnameinfo res_query res_search res_nquery res_nsearch "
           "asio::ip::basic_resolver::resolve asio::detail::socket_ops::getaddrinfo",
           "", false, "resolve with ip::tcp::resolver::async_resolve"},

    // Time.
    remedy{asleep_causes,
           "std::this_thread::sleep_for std::this_thread::sleep_until sleep usleep nanosleep clock_nanosleep "
           "asio::basic_waitable_timer::wait",
           "", false, "wait with steady_timer::async_wait"},

    // Other threads.
    remedy{
        asleep_causes,
        "std::future::* std::shared_future::* std::__basic_future::* std::__future_base::_State_baseV2::wait "
        "std::__future_base::_Async_state_commonV2::* std::__atomic_futex_unsigned_base::* std::__assoc_sub_state::*",
        "", false, "co_await the work instead of its future: co_await co_spawn(pool, ..., use_awaitable)"},
    remedy{asleep_causes,
           "std::thread::join std::jthread::join pthread_join pthread_timedjoin* pthread_clockjoin* thrd_join "
           "asio::thread_pool::join asio::thread_pool::wait asio::detail::posix_thread::join boost::thread::join",
           "", false, "co_await the thread's work instead of joining it: co_await co_spawn(pool, ..., use_awaitable)"},
    remedy{deadlocked_causes, mutex_functions, "", false,
           "release the mutex before locking it again, or split off what needs it locked already"},
    remedy{waiting_causes, mutex_functions, "", false,
           "guard the data with a strand instead of a mutex, or hold the mutex for a shorter section"},
    remedy{
        waiting_causes,
        "pthread_cond_* cnd_wait cnd_timedwait sem_* new_sem_* pthread_barrier_wait "
        "std::condition_variable::* std::condition_variable_any::* std::counting_semaphore::* "
        "std::__atomic_semaphore::* std::__platform_semaphore* std::__semaphore_impl::* std::latch::* "
        "std::barrier::* std::atomic::wait std::__atomic_base::wait std::__atomic_wait* boost::condition_variable::*",
        "", false, "wait for the event with experimental::channel, or with a steady_timer that the event cancels"},

    // Other processes.
    remedy{asleep_causes, "system popen pclose wait waitpid wait3 wait4 waitid posix_spawn* boost::process::*", "",
           false, "co_await the child's end: boost::process::async_system, or a signal_set for SIGCHLD"},

    // Files.
    remedy{asleep_causes, "fsync fdatasync sync syncfs sync_file_range msync", "", true, "the sync to disk"},
    remedy{fixable_causes,
           "std::basic_ifstream::* std::basic_ofstream::* std::basic_fstream::* std::basic_filebuf::* std::ifstream::* "
           "std::ofstream::* std::fstream::* std::__basic_file::* ",
           "", true, "the access to files"},
    // These also compute, and on other things; where they sleep, it is for a file.
    remedy{asleep_causes,
           "std::basic_istream::* std::istream::* std::basic_ostream::* std::ostream::* std::getline std::operator "
           "std::filesystem::* boost::filesystem::* "
           "fopen* freopen* fread* fwrite* fgets* fgetc getc getline getdelim fscanf fputs fprintf vfprintf fflush "
           "fclose fseek* open open64 openat* creat* pread* pwrite* preadv* pwritev* readdir* scandir* opendir nftw* "
           "stat* lstat* fstat* statx unlink* rename* mkdir* rmdir ftruncate* truncate* fallocate* posix_fallocate* "
           "copy_file_range sendfile* flock lockf*",
           "", true, "the access to files"},

    // Sockets, pipes, and what else can be waited for.
    remedy{asleep_causes, "asio::detail::socket_ops::sync_* asio::detail::descriptor_ops::sync_*", "", false,
           "co_await the asynchronous one: async_connect, async_accept, async_read, async_write"},
    remedy{asleep_causes, "connect accept accept4 recv recvfrom recvmsg recvmmsg send sendto sendmsg sendmmsg", "",
           false, "use an asio socket: async_connect, async_accept, async_read_some, async_write_some"},
    remedy{asleep_causes, "poll ppoll select pselect epoll_wait epoll_pwait*", "", false,
           "wait with async_wait of a socket or of a posix::stream_descriptor"},
    remedy{asleep_causes, "read readv write writev", "", false,
           "use async_read_some and async_write_some of a posix::stream_descriptor; for files a thread_pool"},

    remedy{fixable_causes, "getpwnam* getpwuid* getgrnam* getgrgid* getgrouplist initgroups", "", true, "the look-up"},
    remedy{fixable_causes, "dlopen dlmopen", "", false, "load the library before the loop runs"},
    remedy{asleep_causes, "syslog vsyslog", "", true, "the logging"},
};

/// What to do where no function on the stack says more.
constexpr std::string_view general_advice(cause why) noexcept
{
    switch (why) {
        case cause::cpu:
            return "split it, with co_await post(use_awaitable) between the parts, or run it on a thread_pool: "
                   "co_await co_spawn(pool, ..., use_awaitable)";
        case cause::disk:
            return "run what touches the disk on a thread_pool: co_await co_spawn(pool, ..., use_awaitable)";
        case cause::lock: return "guard the data with a strand instead of a lock, or hold the lock for a shorter time";
        case cause::backlog: return "bound the fan-out: start fewer operations at once, the next when one completes";
        case cause::self_deadlock: return "co_await it: what it waits for can only be done by this loop, which waits";
        default: return {};
    }
}

/// Whether one of the names between blanks is this one, or stands for it.
constexpr bool is_among(std::string_view name, std::string_view names, bool prefixes = false) noexcept
{
    while (!names.empty()) {
        auto const length = std::min(names.find(' '), names.size());
        std::string_view one = names.substr(0, length);
        names.remove_prefix(std::min(length + 1, names.size()));
        bool const open = one.ends_with('*');
        if (open) one.remove_suffix(1);
        if (prefixes || open ? name.starts_with(one) : name == one) return true;
    }
    return false;
}

/// A C function's name has neither a scope nor parameters.
constexpr bool is_c_name(std::string_view function) noexcept { return function.find_first_of("(:<{") == function.npos; }

/// As the table has it: without template arguments, and without what glibc and the sanitizers put around their
/// functions' names: "__GI___poll", "__libc_recv", "__open_nocancel", "__read_chk", "__interceptor_read".
inline std::string name_in_table(std::string_view function)
{
    if (!is_c_name(function)) {
        std::string name = without_arguments(qualified_name(function));
        if (name.starts_with("boost::asio::")) name.erase(0, std::string_view{"boost::"}.size());
        return name;
    }
    function = function.substr(0, function.find('@'));
    auto const without_underscores = [&] {
        function.remove_prefix(std::min(function.find_first_not_of('_'), function.size()));
    };
    without_underscores();
    for (std::string_view const start : {"GI_", "interceptor_", "libc_"})
        if (function.starts_with(start)) {
            function.remove_prefix(start.size());
            without_underscores();
        }
    for (std::string_view const end : {"_nocancel", "_chk"})
        if (function.ends_with(end)) function.remove_suffix(end.size());
    return std::string{function};
}

inline bool concerns(remedy const& r, frame const& f)
{
    if (!r.modules.empty() && is_among(base_name(f.module), r.modules, true)) return true;
    // Debug information may name inlined functions by their bare name, which says nothing: any class may have a poll().
    std::string const name = name_in_table(f.function);
    if (f.inlined && name.find("::") == name.npos) return false;
    return is_among(name, r.functions);
}

/// Whether a frame is the user's own code. A library in C that is linked into the program is seen through; of the
/// functions in C only main() can't be one's.
inline bool is_users(frame const& f)
{
    return origin_of(f) == code_origin::user && !f.function.empty() &&
           (!is_c_name(f.function) || f.inlined || f.function == "main") && !any_of(remedies, [&](remedy const& r) {
               return !r.modules.empty() && is_among(base_name(f.module), r.modules, true);
           });
}

/// Pure. One line that says what to do about a block, empty where nothing is recognised. The first call that leads
/// from the user's code to the leaf is the one to replace: not the poll() in curl_easy_perform(), but the latter.
/// `entry`: the function that it waits in, as far as that is known by other than the stack.
inline std::string fix_for(cause why, view<frame const> stack, std::string_view entry = {})
{
    auto const advice = [](remedy const& r) {
        return r.offload
                   ? "run " + std::string{r.text} + " on a thread_pool: co_await co_spawn(pool, ..., use_awaitable)"
                   : std::string{r.text};
    };
    // Of many handlers, the one that is seen is not to blame.
    if (why == cause::backlog) return std::string{general_advice(why)};

    std::size_t called = 0;
    while (called < stack.size() && !is_users(stack[called])) ++called;
    while (called-- > 0)
        for (remedy const& r : remedies)
            if (r.causes.contains(why) && concerns(r, stack[called])) return advice(r);
    if (!entry.empty())
        for (remedy const& r : remedies)
            if (r.causes.contains(why) && is_among(entry, r.functions)) return advice(r);
    return std::string{general_advice(why)};
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
