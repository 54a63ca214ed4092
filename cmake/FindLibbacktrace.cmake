# SPDX-License-Identifier: BSL-1.0
#
# Finds libbacktrace's C functions, which name the frames of a report, as the target Libbacktrace::Libbacktrace:
# in Boost.Stacktrace's shared library, which carries and exports them, or in a libbacktrace of its own, which gcc
# often ships. To choose one: -DLibbacktrace_LIBRARY=<file>.
#
# Installed next to loopwatch's config file, because a consumer's machine may have another one than ours.

include(CheckCXXSourceCompiles)
include(FindPackageHandleStandardArgs)

# The libraries are asked by linking: a static Boost.Stacktrace has the same name, but not the functions.
function(_libbacktrace_check result libraries)
    set(CMAKE_REQUIRED_LIBRARIES "${libraries}" ${CMAKE_DL_LIBS})
    set(CMAKE_REQUIRED_QUIET TRUE)
    check_cxx_source_compiles("
        extern \"C\" {
        void* backtrace_create_state(char const*, int, void (*)(void*, char const*, int), void*);
        int backtrace_pcinfo();
        int backtrace_syminfo();
        }
        int main() { return backtrace_create_state(0, 0, 0, 0) == 0 || backtrace_pcinfo() || backtrace_syminfo(); }
    " ${result})
endfunction()

if(NOT Libbacktrace_LIBRARY)
    find_package(Boost 1.74 QUIET CONFIG COMPONENTS stacktrace_backtrace)
    if(TARGET Boost::stacktrace_backtrace)
        # Its file alone: the target itself brings definitions, and we want none in the user's code.
        get_target_property(_libbacktrace_configs Boost::stacktrace_backtrace IMPORTED_CONFIGURATIONS)
        list(TRANSFORM _libbacktrace_configs PREPEND IMPORTED_LOCATION_)
        foreach(property IN LISTS _libbacktrace_configs ITEMS IMPORTED_LOCATION)
            get_target_property(_libbacktrace_file Boost::stacktrace_backtrace ${property})
            if(_libbacktrace_file)
                _libbacktrace_check(LIBBACKTRACE_IN_BOOST "${_libbacktrace_file}")
                break()
            endif()
        endforeach()
        if(LIBBACKTRACE_IN_BOOST)
            set(Libbacktrace_LIBRARY "${_libbacktrace_file}" CACHE FILEPATH "Where libbacktrace's functions are")
        endif()
    endif()
endif()

if(NOT Libbacktrace_LIBRARY)
    # gcc keeps its own among its private files; clang, too, knows where those are.
    execute_process(
        COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libbacktrace.a
        OUTPUT_VARIABLE _libbacktrace_file OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET
    )
    if(NOT IS_ABSOLUTE "${_libbacktrace_file}")
        find_library(Libbacktrace_FOUND_LIBRARY backtrace)
        mark_as_advanced(Libbacktrace_FOUND_LIBRARY)
        set(_libbacktrace_file "${Libbacktrace_FOUND_LIBRARY}")
    endif()
    if(_libbacktrace_file)
        _libbacktrace_check(LIBBACKTRACE_ALONE "${_libbacktrace_file}")
    endif()
    if(LIBBACKTRACE_ALONE)
        set(Libbacktrace_LIBRARY "${_libbacktrace_file}" CACHE FILEPATH "Where libbacktrace's functions are")
    endif()
endif()
mark_as_advanced(Libbacktrace_LIBRARY)

find_package_handle_standard_args(Libbacktrace
    REQUIRED_VARS Libbacktrace_LIBRARY
    REASON_FAILURE_MESSAGE "loopwatch needs libbacktrace to name stack frames. Install Boost.Stacktrace with its shared \
libraries (libboost-stacktrace-dev on Debian, boost-devel on Fedora) or libbacktrace itself (the package is \
named libbacktrace or libbacktrace-dev)"
)

if(Libbacktrace_FOUND AND NOT TARGET Libbacktrace::Libbacktrace)
    add_library(Libbacktrace::Libbacktrace INTERFACE IMPORTED GLOBAL)
    target_link_libraries(Libbacktrace::Libbacktrace INTERFACE "${Libbacktrace_LIBRARY}" ${CMAKE_DL_LIBS})
endif()
