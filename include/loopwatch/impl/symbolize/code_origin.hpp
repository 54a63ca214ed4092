// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../base/fixed.hpp"
#include "../base/template_arguments.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

using loopwatch::code_origin;

/// Where a demangled function's qualified name is: after the return type, which only templates have, and before the
/// parameters.
struct name_range {
    std::size_t begin, end;
};

constexpr name_range qualified_name_in(std::string_view function) noexcept
{
    std::size_t begin = 0;
    int depth = 0;
    for (std::size_t i = 0; i < function.size(); ++i) {
        char const c = function[i];
        // In "operator<", "operator()" and "operator new" brackets and blanks are part of the name, so scanning ends
        // here.
        if (depth == 0 && function.substr(i).starts_with("operator") &&
            (i == 0 || function[i - 1] == ' ' || function[i - 1] == ':'))
            return {begin, function.size()};
        if (depth == 0 && function.substr(i).starts_with("(anonymous namespace)")) {
            i += std::string_view{"(anonymous namespace)"}.size() - 1;
            continue;
        }
        if (c == '<' || c == '(' || c == '[' || c == '{') {
            // A '(' with no name before it belongs to the return type: "decltype ((a)(0)) std::f(int)".
            if (c == '(' && depth == 0 && i > begin) return {begin, i};
            ++depth;
        } else if (c == '>' || c == ')' || c == ']' || c == '}') {
            --depth;
        } else if (c == ' ' && depth == 0) {
            begin = i + 1;
        }
    }
    return {begin, function.size()};
}

constexpr std::size_t name_begins_at(std::string_view function) noexcept { return qualified_name_in(function).begin; }

/// "void asio::detail::f<int>(int)" gives "asio::detail::f<int>".
constexpr std::string_view qualified_name(std::string_view function) noexcept
{
    auto const [begin, end] = qualified_name_in(function);
    return function.substr(begin, end - begin);
}

/// The last part of a path.
constexpr std::string_view base_name(std::string_view path) noexcept
{
    auto const slash = path.find_last_of('/');
    return slash == path.npos ? path : path.substr(slash + 1);
}

/// Whether a module is one of the runtime libraries below every program: C and C++ library, loader, sanitizers, Boost.
constexpr bool is_runtime_module(std::string_view module) noexcept
{
    using namespace std::string_view_literals;
    if (module == "[vdso]"sv || module == "linux-vdso.so.1"sv) return true;
    // Wherever they are installed, these are never the user's.
    for (auto const name :
         {"libc.so"sv, "libc-"sv, "libc.musl"sv, "ld-linux"sv, "ld-musl"sv, "libpthread"sv, "libm.so"sv, "libdl.so"sv,
          "librt.so"sv, "libstdc++.so"sv, "libc++.so"sv, "libc++abi.so"sv, "libgcc_s.so"sv, "libfmt.so"sv,
          "libboost_"sv, "libasan.so"sv, "libtsan.so"sv, "libubsan.so"sv, "libclang_rt."sv})
        if (base_name(module).starts_with(name)) return true;
    return false;
}

/// Whether a module belongs to the system and not to the program: a runtime library, or installed in a system folder.
constexpr bool is_system_module(std::string_view module) noexcept
{
    using namespace std::string_view_literals;
    for (auto const folder : {"/lib/"sv, "/lib64/"sv, "/lib32/"sv, "/usr/lib/"sv, "/usr/lib64/"sv, "/usr/lib32/"sv})
        if (module.starts_with(folder) && base_name(module).find(".so") != module.npos) return true;
    return is_runtime_module(module);
}

/// The path of a system-wide installed header below its include folder, "nlohmann/json.hpp"; empty for other files.
constexpr std::string_view below_installed_headers(std::string_view file) noexcept
{
    using namespace std::string_view_literals;
    for (auto const folder : {"/usr/include/"sv, "/usr/local/include/"sv})
        if (file.starts_with(folder)) return file.substr(folder.size());
    return {};
}

/// The origin of code by the path of its source file.
constexpr code_origin origin_of_file(std::string_view file) noexcept
{
    using namespace std::string_view_literals;
    auto const has = [file](std::string_view part) { return file.find(part) != file.npos; };
    if (has("/include/c++/"sv) || has("/c++/v1/"sv)) return code_origin::std;
    if (has("/include/asio/"sv) || has("/include/boost/asio/"sv)) return code_origin::asio;
    if (has("/include/boost/"sv)) return code_origin::boost;
    if (has("/include/fmt/"sv)) return code_origin::fmt;
    if (has("/include/loopwatch/"sv)) return code_origin::loopwatch;
    if (!below_installed_headers(file).empty()) return code_origin::system;
    return code_origin::user;
}

/// Pure. The origin of a function: by its own namespace, not those of its template arguments; then by its module; then
/// by its file. The file matters most for a name without a scope, which debug information gives inlined functions.
constexpr code_origin origin_of(std::string_view function, std::string_view module, std::string_view file = {}) noexcept
{
    using namespace std::string_view_literals;
    struct known {
        std::string_view prefix;
        code_origin origin;
    };
    constexpr fixed table{
        known{"loopwatch::"sv, code_origin::loopwatch},
        known{"asio::"sv, code_origin::asio},
        known{"asio_handler_"sv, code_origin::asio},
        known{"asio_prefer_fn::"sv, code_origin::asio},
        known{"asio_require_fn::"sv, code_origin::asio},
        known{"asio_query_fn::"sv, code_origin::asio},
        known{"asio_execution_"sv, code_origin::asio},
        known{"boost::asio::"sv, code_origin::asio},
        known{"boost_asio_"sv, code_origin::asio},
        known{"boost::"sv, code_origin::boost},
        known{"std::"sv, code_origin::std},
        known{"__gnu_cxx::"sv, code_origin::std},
        known{"__cxxabiv1::"sv, code_origin::std},
        known{"__gthread_"sv, code_origin::std},
        known{"__cxa_"sv, code_origin::std},  // the C++ runtime may be linked into the program
        known{"__gxx_"sv, code_origin::std},
        known{"__dynamic_cast"sv, code_origin::std},
        known{"_Unwind_"sv, code_origin::std},
        known{"fmt::"sv, code_origin::fmt},
        // Header-only libraries: their code is in the program's module, and its file is not always known.
        known{"nlohmann::"sv, code_origin::system},
        known{"rapidjson::"sv, code_origin::system},
        known{"simdjson::"sv, code_origin::system},
        known{"spdlog::"sv, code_origin::system},
        known{"Eigen::"sv, code_origin::system},
        known{"absl::"sv, code_origin::system},
        known{"google::protobuf::"sv, code_origin::system},
        known{"Catch::"sv, code_origin::system},
        known{"doctest::"sv, code_origin::system},
        known{"testing::internal::"sv, code_origin::system},  // not all of testing::, which may be the user's too
        known{"testing::Test"sv, code_origin::system},
        known{"testing::UnitTest::"sv, code_origin::system},
        known{"__interceptor_"sv, code_origin::system},
        known{"__asan"sv, code_origin::system},
        known{"__tsan"sv, code_origin::system},
        known{"__ubsan"sv, code_origin::system},
        known{"__sanitizer"sv, code_origin::system},
        known{"operator new"sv, code_origin::system},
        known{"operator delete"sv, code_origin::system},
    };
    std::string_view const name = qualified_name(function);
    for (known const& k : table)
        if (name.starts_with(k.prefix)) return k.origin;
    for (auto const start : {"_start"sv, "__libc_start"sv, "start_thread"sv, "__clone"sv, "clone3"sv})
        if (name.starts_with(start)) return code_origin::system;
    if (is_system_module(module)) return code_origin::system;
    auto const scope = name.substr(0, name.find('<')).find("::");
    if (scope == name.npos) return origin_of_file(file);
    // An instance of a library's template is in the user's module. It is the library's if its namespace is the name of
    // the folder its header is installed in. The folder alone does not do: a line in a user's function may have been
    // inlined from there.
    std::string_view const installed = below_installed_headers(file);
    bool const is_librarys = installed.starts_with(name.substr(0, scope)) && installed.substr(scope).starts_with('/');
    return is_librarys ? code_origin::system : code_origin::user;
}

/// Pure. Whether code among the runtime libraries of a static program belongs to them: a C function without a known
/// file does. User code that the linker put there has a line, or is C++.
constexpr bool is_linked_runtime(std::string_view function, std::string_view file) noexcept
{
    return file.empty() && function.find_first_of("(:<{") == function.npos;
}

/// The origin stored when the frame was named, else computed now.
constexpr code_origin origin_of(frame const& f) noexcept
{
    return f.origin != code_origin::unknown ? f.origin : origin_of(f.function, f.module, f.file);
}

/// The library's name for a line that folds many frames: "asio", "nlohmann", "libcurl".
constexpr std::string_view library_of(frame const& f) noexcept
{
    switch (origin_of(f)) {
        case code_origin::asio: return "asio";
        case code_origin::std: return "std";
        case code_origin::boost: return "boost";
        case code_origin::fmt: return "fmt";
        case code_origin::loopwatch: return "loopwatch";
        default: break;
    }
    bool const is_named = origin_of(f) == code_origin::library;
    if (is_system_module(f.module) || (is_named && f.file.empty() && !f.module.empty())) {
        std::string_view const module = base_name(f.module).substr(0, base_name(f.module).find(".so"));
        auto const version = module.find_last_of('-');  // glibc before 2.34: libc-2.31.so
        return module.substr(0, module.find_first_of("0123456789", version) == version + 1 ? version : module.npos);
    }
    std::string_view const name = qualified_name(f.function);
    auto const scope = name.substr(0, name.find_first_of("<(")).find("::");
    if (scope != name.npos) return name.substr(0, scope);
    // C names have no scope: the folder of the file names the library.
    auto const slash = f.file.find_last_of('/');
    std::string_view const folder = base_name(std::string_view{f.file}.substr(0, slash == f.file.npos ? 0 : slash));
    return is_named && !folder.empty() ? folder : "the system";
}

/// Whether a frame is of a system-wide installed library that is not a runtime library.
constexpr bool is_library_code(frame const& f) noexcept
{
    return origin_of(f) == code_origin::system && is_system_module(f.module) && !is_runtime_module(f.module);
}

/// Whether this function belongs to a test framework's runner, which main() calls.
constexpr bool is_test_framework(std::string_view function) noexcept
{
    std::string_view const name = qualified_name(function);
    return name.starts_with("Catch::") || name.starts_with("doctest::") || name.starts_with("testing::UnitTest::") ||
           name == "RUN_ALL_TESTS";
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
