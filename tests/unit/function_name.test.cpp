// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/detail/function_name.hpp>

using loopwatch::detail::clean_function_name;

TEST_CASE("coroutine bodies get the name of their function", "[function_name]")
{
    struct row {
        char const *demangled, *clean;
    };
    // As libbacktrace and the demangler gave them, from gcc 12 and clang 19.
    auto const [demangled, clean] = GENERATE(values<row>({
        {"serve(serve()::_Z5servev.Frame*) [clone .actor]", "serve()"},
        {"app::S::work(app::S::work(std::basic_string_view<char, std::char_traits<char> >, "
         "std::vector<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >, "
         "std::allocator<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > > "
         ">)::_ZN3app1S4workESt17basic_string_viewIcSt11char_traitsIcEESt6vectorINSt7__cxx1112basic_stringIcS3_SaIcEEES"
         "aIS9_EE.Frame*) [clone .actor]",
         "app::S::work(std::string_view, std::vector<std::string>)"},
        {"main::{lambda()#2}::operator()(main::{lambda()#2}::operator()() const::_ZZ4mainENKUlvE0_clEv.Frame*) [clone "
         ".actor]",
         "main::{lambda()#2}::operator()() const"},
        {"ingest(asio::basic_stream_socket<asio::ip::tcp, asio::any_io_executor>) [clone .resume]",
         "ingest(asio::ip::tcp::socket)"},
        {"f(int) [clone .destroy]", "f(int)"},
    }));
    auto const name = clean_function_name(demangled);
    CHECK(name.text == clean);
    CHECK(name.coroutine);
}

TEST_CASE("other functions keep their names, less what the compiler added", "[function_name]")
{
    struct row {
        char const *demangled, *clean;
    };
    auto const [demangled, clean] = GENERATE(values<row>({
        {"", ""},
        {"main", "main"},
        {"recvfrom", "recvfrom"},
        {"f(int, char const*)", "f(int, char const*)"},
        {"asio::detail::scheduler::run(std::error_code&) [clone .isra.0]",
         "asio::detail::scheduler::run(std::error_code&)"},
        {"f() [clone .part.0] [clone .cold]", "f()"},
        {"parse(std::map<int, std::vector<int, std::allocator<int> >, std::less<int>, std::allocator<std::pair<int "
         "const, std::vector<int, std::allocator<int> > > > >&)",
         "parse(std::map<int, std::vector<int>, std::less<int>>&)"},
        {"a::operator()(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >)",
         "a::operator()(std::string)"},
        {"f(boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::any_io_executor>)",
         "f(boost::asio::ip::tcp::socket)"},
        {"load_config[abi:cxx11]()", "load_config()"},
        {"crc(std::filesystem::__cxx11::path const&)", "crc(std::filesystem::path const&)"},
        {"weird)(.Frame*)", "weird)(.Frame*)"},
    }));
    auto const name = clean_function_name(demangled);
    CHECK(name.text == clean);
    CHECK_FALSE(name.coroutine);
}
