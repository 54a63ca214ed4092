// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/symbolize/code_origin.hpp>

using namespace loopwatch::detail;

TEST_CASE("a qualified name is free of return type and parameters", "[code_origin]")
{
    CHECK(qualified_name("main") == "main");
    CHECK(qualified_name("app::f(int)") == "app::f");
    CHECK(qualified_name("void asio::detail::f<int, char>(int)") == "asio::detail::f<int, char>");
    CHECK(qualified_name("std::enable_if<true, int>::type user::g<int>(int)") == "user::g<int>");
    CHECK(qualified_name("main::{lambda(int)#1}::operator()(int) const") ==
          "main::{lambda(int)#1}::operator()(int) const");
    CHECK(qualified_name("operator new(unsigned long)") == "operator new(unsigned long)");
    CHECK(qualified_name("(anonymous namespace)::f(int)") == "(anonymous namespace)::f");
    CHECK(qualified_name("decltype ((f<a>)(0)) std::operator<=><char>(std::string const&)") ==
          "std::operator<=><char>(std::string const&)");
    CHECK(qualified_name("").empty());
}

TEST_CASE("code is told apart by its own namespace, not by that of its arguments", "[code_origin]")
{
    std::string_view const program = "/home/me/bin/app";
    CHECK(origin_of("upload(std::string)", program) == code_origin::user);
    CHECK(origin_of("user::strand<asio::any_io_executor>::run()", program) == code_origin::user);
    CHECK(origin_of("(anonymous namespace)::parse(asio::ip::tcp::socket)", program) == code_origin::user);
    CHECK(origin_of("main::{lambda()#1}::operator()() const", program) == code_origin::user);
    CHECK(origin_of("boosted::f()", program) == code_origin::user);
    CHECK(origin_of("asiolike::f()", program) == code_origin::user);
    CHECK(origin_of("asio::detail::executor_op<main::{lambda()#1}>::do_complete(void*)", program) == code_origin::asio);
    CHECK(origin_of("void asio_handler_invoke_helpers::invoke<main::{lambda()#1}>()", program) == code_origin::asio);
    CHECK(origin_of("boost::asio::io_context::run()", program) == code_origin::asio);
    CHECK(origin_of("boost::json::parse()", program) == code_origin::boost);
    CHECK(origin_of("void std::invoke<user::f>(user::f&&)", program) == code_origin::std);
    CHECK(origin_of("__gnu_cxx::new_allocator<int>::allocate()", program) == code_origin::std);
    CHECK(origin_of("__gthread_mutex_lock(pthread_mutex_t*)", program) == code_origin::std);
    CHECK(origin_of("fmt::v9::vformat()", program) == code_origin::fmt);
    CHECK(origin_of("loopwatch::v0_1::no_loop_blocking::finish()", program) == code_origin::loopwatch);
    CHECK(origin_of("_start", program) == code_origin::system);
    CHECK(origin_of("__interceptor_read", program) == code_origin::system);
}

TEST_CASE("bare names, as of inlined functions, are told apart by their file", "[code_origin]")
{
    std::string_view const program = "/home/me/bin/app";
    CHECK(origin_of("accumulate<int*, int>", program, "/usr/include/c++/12/bits/stl_numeric.h") == code_origin::std);
    CHECK(origin_of("operator()", program, "/usr/include/asio/detail/bind_handler.hpp") == code_origin::asio);
    CHECK(origin_of("operator()", program, "/usr/include/boost/asio/detail/bind_handler.hpp") == code_origin::asio);
    CHECK(origin_of("process_bytes", program, "/usr/include/boost/crc.hpp") == code_origin::boost);
    CHECK(origin_of("__invoke<user::f()::<lambda()> >", program, "/usr/include/c++/12/bits/invoke.h") ==
          code_origin::std);
    CHECK(origin_of("sum_all", program, "/home/me/src/sum.cpp") == code_origin::user);
    CHECK(origin_of("user::sort<int>", program, "/usr/include/c++/12/bits/stl_algo.h") == code_origin::user);
}

TEST_CASE("libraries of the system are not the user's, wherever they are", "[code_origin]")
{
    CHECK(origin_of("recvfrom", "/lib/x86_64-linux-gnu/libc.so.6") == code_origin::system);
    CHECK(origin_of("Curl_recv_plain", "/usr/lib/x86_64-linux-gnu/libcurl.so.4") == code_origin::system);
    CHECK(origin_of("", "/opt/gcc/lib64/libstdc++.so.6") == code_origin::system);
    CHECK(origin_of("clock_gettime", "linux-vdso.so.1") == code_origin::system);
    CHECK(origin_of("my_plugin_entry", "/home/me/lib/libplugin.so") == code_origin::user);
    CHECK(origin_of("serve()", "/usr/lib/my-service/bin/server") == code_origin::user);
}

TEST_CASE("headers that are installed are not the user's", "[code_origin]")
{
    std::string_view const program = "/home/me/bin/app";
    std::string_view const toml = "/usr/include/toml/parser.hpp";
    CHECK(origin_of("toml::basic_value<std::map>::parse(std::string const&)", program, toml) == code_origin::system);
    CHECK(origin_of("int toml::detail::get<app::f>(int)", program, toml) == code_origin::system);
    CHECK(origin_of("cereal::load(int)", program, "/usr/local/include/cereal/cereal.hpp") == code_origin::system);
    CHECK(origin_of("parse", program, toml) == code_origin::system);  // inlined
    CHECK(origin_of("read", program, "/usr/include/x86_64-linux-gnu/bits/unistd.h") == code_origin::system);
    // A line of it was inlined from there.
    CHECK(origin_of("app::load(std::string const&)", program, toml) == code_origin::user);
    CHECK(origin_of("tom::load()", program, toml) == code_origin::user);
    CHECK(origin_of("toml::load()", program, "/home/me/src/toml/parser.hpp") == code_origin::user);
    CHECK(origin_of("load(std::string const&)", program, "/home/me/src/usr/include/load.cpp") == code_origin::user);
}

TEST_CASE("well-known libraries are not the user's, even where debug information is missing", "[code_origin]")
{
    CHECK(origin_of("bool nlohmann::detail::parser<int>::sax_parse(int)", "/home/me/bin/app") == code_origin::system);
    CHECK(origin_of("Eigen::Matrix<app::real, 3, 1>::norm()", "/home/me/bin/app") == code_origin::system);
    CHECK(origin_of("Catch::RunContext::runTest(Catch::TestCase const&)", "/home/me/bin/app") == code_origin::system);
    CHECK(origin_of("testing::Test::Run()", "/home/me/bin/app") == code_origin::system);
    CHECK(origin_of("testing::slow_helper()", "/home/me/bin/app") == code_origin::user);
    CHECK(origin_of("app::to_json(nlohmann::json&)", "/home/me/bin/app") == code_origin::user);
}

TEST_CASE("the runtime that is linked into a program is not the user's", "[code_origin]")
{
    std::string_view const program = "/home/me/bin/app";
    CHECK(origin_of("__cxa_guard_acquire", program) == code_origin::std);
    CHECK(origin_of("_Unwind_RaiseException", program) == code_origin::std);
    // Of what lies behind the beginning of the C++ library in a static program:
    CHECK(is_linked_runtime("__clock_nanosleep", ""));
    CHECK(is_linked_runtime("msort_with_tmp.part.0", ""));
    CHECK(is_linked_runtime("", ""));
    CHECK_FALSE(is_linked_runtime("load_config()", ""));
    CHECK_FALSE(is_linked_runtime("parse_row", "/home/me/src/row.c"));
}
