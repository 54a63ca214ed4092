// SPDX-License-Identifier: BSL-1.0

// The user's handlers are found in the types of real operations, by whatever compiler and Asio.
#include "exact/written_down.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include <loopwatch/impl/symbolize/handler_name.hpp>

#if LOOPWATCH_TEST_BOOST_ASIO
using boost::system::error_code;
#else
using std::error_code;
#endif

namespace handler_names_test {

using namespace std::chrono_literals;
using net::ip::tcp;

struct printer {
    void operator()() const {}
    void operator()(error_code) const {}
};

struct session : std::enable_shared_from_this<session> {
    explicit session(net::io_context& context) : socket{context} {}

    void on_read(error_code, std::size_t) {}
    void on_timer(error_code) {}
    void read() { net::async_read(socket, net::buffer(text), std::bind_front(&session::on_read, shared_from_this())); }
    void write()
    {
        net::async_write(socket, net::buffer(text), [self = shared_from_this()](error_code, std::size_t) {});
    }

    tcp::socket socket;
    std::string text = "hello";
};

void post_lambda(net::io_context& context, int)
{
    net::post(context, [] {});
}

void post_nested(net::io_context& context)
{
    net::post(context, [&context] { net::post(context, [] {}); });
}

template <typename T>
void post_in_template(net::io_context& context, T)
{
    net::post(context, [] {});
}

#if defined(ASIO_HAS_CO_AWAIT) || defined(BOOST_ASIO_HAS_CO_AWAIT)
net::awaitable<void> waits()
{
    net::steady_timer timer{co_await net::this_coro::executor, 1ms};
    co_await timer.async_wait(net::use_awaitable);
}
#endif

/// "operation -> handler", of all types that were entered since there were so many.
std::set<std::string> names_since(std::uint32_t types)
{
    std::set<std::string> all;
    for (std::uint32_t type = types + 1; type <= exact::state.types.load(); ++type) {
        auto name = loopwatch::detail::handler_name_of(type_name(type));
        auto const scope = name.handler.rfind("handler_names_test::", 0);
        if (scope == 0) name.handler.erase(0, std::string{"handler_names_test::"}.size());
        all.insert(name.operation + " -> " + name.handler);
    }
    return all;
}

#define HAS(name) CHECK(names.count(name) == 1)

TEST_CASE("what is run at once is named")
{
    net::io_context context;
    std::uint32_t const before = exact::state.types.load();
    post_lambda(context, 1);
    post_nested(context);
    post_in_template(context, 3.0);
    net::post(context, printer{});
    net::post(context, std::bind([](int) {}, 3));
    net::post(context, std::function<void()>{[] {}});
    auto const strand = net::make_strand(context);
    net::post(strand, printer{});
    net::post(context, net::bind_executor(strand, [] {}));
    context.run();
    auto const names = names_since(before);
    for (std::string const& each : names) UNSCOPED_INFO(each);
    std::string const in_asio = LOOPWATCH_TEST_BOOST_ASIO != 0 ? "boost::asio::" : "asio::";
    HAS("post -> post_lambda(" + in_asio + "io_context&, int)::{lambda}");
    HAS("post -> post_nested(" + in_asio + "io_context&)::{lambda}");
    HAS("post -> post_nested(" + in_asio + "io_context&)::{lambda}::{lambda}");
    HAS("post -> post_in_template<double>(" + in_asio + "io_context&, double)::{lambda}");
    HAS("post -> printer");
    HAS("post -> ");  // what is in a std::function is not known
    HAS("strand -> ");
    CHECK(names.size() == 8);  // the others are lambdas of this function, whose name is the test framework's
}

TEST_CASE("what waits for a result is named, and what is made of it, by what the user calls")
{
    net::io_context context;
    std::uint32_t const before = exact::state.types.load();
    tcp::acceptor acceptor{context, tcp::endpoint{net::ip::address_v4::loopback(), 0}};
    auto const client = std::make_shared<session>(context);
    auto const server = std::make_shared<session>(context);
    net::steady_timer timer{context, 1ms};
    timer.async_wait(printer{});
    timer.async_wait(std::bind(&session::on_timer, client, std::placeholders::_1));
    timer.async_wait(net::bind_executor(net::make_strand(context), printer{}));
    acceptor.async_accept(server->socket, printer{});
    client->socket.async_connect(acceptor.local_endpoint(), [&](error_code) {
        client->write();
        server->read();
    });
    context.run();
    auto const names = names_since(before);
    for (std::string const& each : names) UNSCOPED_INFO(each);
    std::string const error = LOOPWATCH_TEST_BOOST_ASIO != 0 ? "boost::system::error_code" : "std::error_code";
    HAS("async_wait -> printer");
    HAS("async_wait -> void (handler_names_test::session::*)(" + error + ")");
    HAS("async_accept -> printer");
    HAS("async_write -> session::write()::{lambda}");
    HAS("async_read -> void (handler_names_test::session::*)(" + error + ", unsigned long)");
    HAS("dispatch -> printer");
}

#if defined(ASIO_HAS_CO_AWAIT) || defined(BOOST_ASIO_HAS_CO_AWAIT)
TEST_CASE("a coroutine that goes on is named")
{
    net::io_context context;
    std::uint32_t const before = exact::state.types.load();
    net::co_spawn(context, waits(), net::detached);
    context.run();
    auto const names = names_since(before);
    for (std::string const& each : names) UNSCOPED_INFO(each);
    HAS("async_wait -> coroutine");
}
#endif

}  // namespace handler_names_test
