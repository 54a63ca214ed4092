// SPDX-License-Identifier: BSL-1.0
#include "stage.hpp"
#include "suspect.hpp"

#include <hiredis/hiredis.h>
#include <sqlite3.h>

#include <filesystem>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <sys/time.h>

// --- SQLite ---

class connection {
public:
    explicit connection(std::string const& file)
    {
        if (sqlite3_open(file.c_str(), &database_) != SQLITE_OK) throw std::runtime_error{"cannot open " + file};
        sqlite3_busy_timeout(database_, 10'000);
    }
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;
    ~connection() { sqlite3_close(database_); }

    void execute(char const* statement)
    {
        if (sqlite3_exec(database_, statement, nullptr, nullptr, nullptr) != SQLITE_OK)
            throw std::runtime_error{sqlite3_errmsg(database_)};
    }

private:
    sqlite3* database_{nullptr};
};

struct orders {
    private_folder folder;
    std::string file{folder.path() / "orders.db"};
    connection ours{file};
    connection theirs{file};
    other_side them{"bulk-import"};

    orders() { ours.execute("CREATE TABLE orders (id INTEGER)"); }
};

static void store_order(connection& database) { database.execute("INSERT INTO orders VALUES (1)"); }

static deed prepare_sqlite()
{
    return [stage = std::make_shared<orders>()]() -> asio::awaitable<void> {
        std::promise<void> locked;
        asio::post(stage->them.loop(), [&] {
            stage->theirs.execute("BEGIN EXCLUSIVE");
            locked.set_value();
            std::this_thread::sleep_for(long_enough);
            stage->theirs.execute("COMMIT");
        });
        locked.get_future().wait();
        store_order(stage->ours);
        co_return;
    };
}

// --- Redis ---

using redis_connection = std::unique_ptr<redisContext, decltype(&redisFree)>;

static redis_connection connected_to(std::string const& socket)
{
    // The server has just been started, and does not tell when it listens.
    for (auto const until = std::chrono::steady_clock::now() + 10s; std::chrono::steady_clock::now() < until;) {
        redis_connection connection{redisConnectUnix(socket.c_str()), redisFree};
        if (connection && connection->err == 0) return connection;
        std::this_thread::sleep_for(5ms);
    }
    throw std::runtime_error{"redis-server does not listen on " + socket};
}

struct slow_redis {
    private_folder folder;
    std::string socket{folder.path() / "redis.sock"};
    // By this name the program is the server, whichever of its names it is installed by.
    other_process server{REDIS_SERVER,
                         {"redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no",
                          "--enable-debug-command", "yes"}};
    redis_connection connection{connected_to(socket)};
};

/// As slow as on a server with many keys.
static void list_sessions(redisContext* redis)
{
    auto const seconds = std::to_string(std::chrono::duration<double>{long_enough}.count());
    std::unique_ptr<void, decltype(&freeReplyObject)> const reply{
        redisCommand(redis, "DEBUG SLEEP %s", seconds.c_str()), freeReplyObject};
    if (!reply) throw std::runtime_error{redis->errstr};
}

static deed prepare_hiredis()
{
    return [stage = std::make_shared<slow_redis>()]() -> asio::awaitable<void> {
        list_sessions(stage->connection.get());
        co_return;
    };
}

std::vector<suspect> databases()
{
    using loopwatch::cause;
    return {
        {"sqlite", "writes to a SQLite database that another connection has locked", prepare_sqlite,
         verdict{cause::blocking_call, "nanosleep(", "execute", "run the SQLite call on a thread_pool"}},
        {"hiredis", "asks a Redis server for what takes it long", prepare_hiredis,
         verdict{cause::blocking_call, "redis.sock", "list_sessions", "run the Redis command on a thread_pool"}},
    };
}
