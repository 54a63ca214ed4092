// expect: an execution_context tells nobody its executor
// one error
#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <loopwatch/loopwatch.hpp>

int main()
{
    asio::io_context loop;
    asio::any_io_executor const executor = loop.get_executor();
    loopwatch::no_loop_blocking guard{executor.context()};
}
