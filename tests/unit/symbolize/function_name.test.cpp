// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/symbolize/function_name.hpp>

using loopwatch::detail::clean_function_name;
using loopwatch::detail::without_parameters;

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
         "main::{lambda}"},
        {"ingest(asio::basic_stream_socket<asio::ip::tcp, asio::any_io_executor>) [clone .resume]",
         "ingest(asio::ip::tcp::socket)"},
        {"f(int) [clone .destroy]", "f(int)"},
        {"f(int) (.resume)", "f(int)"},
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
        {"f() (.part.0.cold)", "f()"},
        {"f(int (*)(...))", "f(int (*)(...))"},
        {"f(int (...))", "f(int (...))"},
        {"parse(std::map<int, std::vector<int, std::allocator<int> >, std::less<int>, std::allocator<std::pair<int "
         "const, std::vector<int, std::allocator<int> > > > >&)",
         "parse(std::map<int, std::vector<int>>&)"},
        {"a::operator()(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >)",
         "a::operator()(std::string)"},
        {"f(boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::any_io_executor>)",
         "f(boost::asio::ip::tcp::socket)"},
        {"load_config[abi:cxx11]()", "load_config()"},
        {"crc(std::filesystem::__cxx11::path const&)", "crc(std::filesystem::path const&)"},
        {"weird)(.Frame*)", "weird)(.Frame*)"},
        {"int app::(anonymous namespace)::converts<long>(long)", "app::(anonymous namespace)::converts<long>(long)"},
        {"decltype ({parm#1}+(1)) app::deduced<int>(int)", "app::deduced<int>(int)"},
        {"app::request::operator long() const", "app::request::operator long() const"},
        {"app::operator<(app::request const&, app::request const&)",
         "app::operator<(app::request const&, app::request const&)"},
        {"f(std::unique_ptr<app::config, std::default_delete<app::config> >, std::unordered_map<int, long, "
         "std::hash<int>, std::equal_to<int>, std::allocator<std::pair<int const, long> > > const&)",
         "f(std::unique_ptr<app::config>, std::unordered_map<int, long> const&)"},
    }));
    auto const name = clean_function_name(demangled);
    CHECK(name.text == clean);
    CHECK_FALSE(name.coroutine);
    CHECK(clean_function_name(name.text).text == clean);
}

TEST_CASE("a lambda has one name, whichever compiler numbers it, and called or not", "[function_name]")
{
    struct row {
        char const *demangled, *clean;
    };
    auto const [demangled, clean] = GENERATE(values<row>({
        {"app::serve(int)::{lambda(int)#1}::operator()(int) const", "app::serve(int)::{lambda}"},
        {"auto app::serve(int)::{lambda(auto:1, int)#2}::operator()<long>(long, int) const",
         "app::serve(int)::{lambda}"},
        {"serve()::{lambda()#3}::operator()()::{lambda(int)#1}::operator()(int) const", "serve()::{lambda}::{lambda}"},
        {"main::$_12::operator()(int) const", "main::{lambda}"},
        {"f()::'lambda0'(int)::operator()(int) const", "f()::{lambda}"},
        {"f()::'lambda'()::operator()() const", "f()::{lambda}"},
        {"(anonymous namespace)::f()::{lambda(char)#1}::_FUN(char)",
         "(anonymous namespace)::f()::{lambda}::_FUN(char)"},
        {"int applies<f(int)::{lambda(int)#4}>(f(int)::{lambda(int)#4})",
         "applies<f(int)::{lambda}>(f(int)::{lambda})"},
        {"applies<f(int)::<lambda(int)> >", "applies<f(int)::{lambda}>"},
        {"applies<(lambda at a.cpp:52:22)>", "applies<{lambda}>"},
        {"f({unnamed type#1})", "f({unnamed})"},
        {"applies<(anonymous namespace)::serves(serves(int)::_ZN12_GLOBAL__N_16servesEi.Frame*)::<lambda(int)> >(int)",
         "applies<(anonymous namespace)::serves(int)::{lambda}>(int)"},
    }));
    auto const name = clean_function_name(demangled);
    CHECK(name.text == clean);
    CHECK(clean_function_name(name.text).text == clean);
}

TEST_CASE("a test case of Catch2 or doctest is not known by its counter", "[function_name]")
{
    CHECK(clean_function_name("DOCTEST_ANON_FUNC_17()").text == "TEST_CASE");
    CHECK(clean_function_name("(anonymous namespace)::_DOCTEST_ANON_FUNC_3()").text == "TEST_CASE");
    CHECK(clean_function_name("DOCTEST_ANON_CLASS_5::f()").text == "TEST_CASE");
    CHECK(clean_function_name("void DOCTEST_ANON_TMP_8<int>()").text == "TEST_CASE");
    CHECK(clean_function_name("C_A_T_C_H_T_E_S_T_4()").text == "TEST_CASE");
    CHECK(clean_function_name("(anonymous namespace)::C_A_T_C_H_T_E_S_T_12::test()").text == "TEST_CASE");
    CHECK(clean_function_name("C_A_T_C_H_T_E_S_T_4()::{lambda(int)#1}::operator()(int) const").text ==
          "TEST_CASE::{lambda}");
    CHECK(clean_function_name("void (anonymous namespace)::C_A_T_C_H_T_E_M_P_L_A_T_E_T_E_S_T_F_U_N_C_7<int>()").text ==
          "TEST_CASE");
    CHECK(clean_function_name("uploads_Test::TestBody()").text == "uploads_Test::TestBody()");
}

TEST_CASE("parameters can be left out of a name", "[function_name]")
{
    struct row {
        char const *full, *name;
    };
    auto const [full, name] = GENERATE(values<row>({
        {"main", "main"},
        {"f(int, char const*)", "f"},
        {"app::(anonymous namespace)::request::handle(long) const", "app::(anonymous namespace)::request::handle"},
        {"app::service::serve(int, std::string_view)::{lambda}", "app::service::serve::{lambda}"},
        {"app::service::serve(int) const &::local::member(long) const", "app::service::serve::local::member"},
        {"app::converts<void (int)>(void (*)(int))", "app::converts<void (int)>"},
        {"app::request::operator()(int)", "app::request::operator()"},
        {"app::request::operator<(app::request const&) const", "app::request::operator<"},
        {"app::request::operator long() const", "app::request::operator long"},
    }));
    CHECK(without_parameters(full) == name);
}
