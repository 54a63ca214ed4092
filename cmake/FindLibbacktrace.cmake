# SPDX-License-Identifier: BSL-1.0
#
# Finds libbacktrace's C functions, which name the frames of a report, as the target Libbacktrace::Libbacktrace. Whose, says
# LOOPWATCH_LIBBACKTRACE:
#   COMPILER  the one that gcc has among its private files: static, so that a program needs nothing at run time
#   SYSTEM    a package of its own
#   BOOST     the one in Boost.Stacktrace's shared library, which then is needed at run time
#   AUTO      the first of these that there is
# Or give the file: -DLibbacktrace_LIBRARY=<file>.
#
# Installed next to loopwatch's config file, because a consumer's machine may have another one than ours.

include(CheckCXXSourceCompiles)
include(FindPackageHandleStandardArgs)

# The library is asked by linking: a static Boost.Stacktrace has the same name, but not the functions. A static one must fit
# into shared libraries, too.
function(_libbacktrace_check whose file)
    set(CMAKE_REQUIRED_LIBRARIES "${file}" ${CMAKE_DL_LIBS})
    set(CMAKE_REQUIRED_QUIET TRUE)
    set(calls "
        extern \"C\" {
        void* backtrace_create_state(char const*, int, void (*)(void*, char const*, int), void*);
        int backtrace_pcinfo();
        int backtrace_syminfo();
        }
        int call() { return backtrace_create_state(0, 0, 0, 0) == 0 || backtrace_pcinfo() || backtrace_syminfo(); }
    ")
    check_cxx_source_compiles("${calls} int main() { return call(); }" LIBBACKTRACE_OF_${whose}_LINKS)
    if(file MATCHES "\\.a$")
        set(CMAKE_REQUIRED_FLAGS -fPIC)
        set(CMAKE_REQUIRED_LINK_OPTIONS -shared)
        set(CMAKE_EXE_LINKER_FLAGS "${CMAKE_SHARED_LINKER_FLAGS}")  # what is for programs may be -static
        check_cxx_source_compiles("${calls}" LIBBACKTRACE_OF_${whose}_LINKS_SHARED)
    else()
        set(LIBBACKTRACE_OF_${whose}_LINKS_SHARED ON)
    endif()
    if(LIBBACKTRACE_OF_${whose}_LINKS AND LIBBACKTRACE_OF_${whose}_LINKS_SHARED)
        set(Libbacktrace_LIBRARY "${file}" CACHE FILEPATH "Where libbacktrace's functions are")
        set(LIBBACKTRACE_CHOSEN_BY ${LOOPWATCH_LIBBACKTRACE} CACHE INTERNAL "LOOPWATCH_LIBBACKTRACE when it was found")
    endif()
endfunction()

# Another choice than when it was found: so it is looked for again. One that was given by hand stays.
if(LIBBACKTRACE_CHOSEN_BY AND NOT LIBBACKTRACE_CHOSEN_BY STREQUAL LOOPWATCH_LIBBACKTRACE)
    unset(Libbacktrace_LIBRARY CACHE)
endif()

if(NOT Libbacktrace_LIBRARY AND LOOPWATCH_LIBBACKTRACE MATCHES "^(AUTO|COMPILER)$")
    # clang, too, knows where gcc's private files are.
    execute_process(
        COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libbacktrace.a
        OUTPUT_VARIABLE _libbacktrace_file OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET
    )
    if(IS_ABSOLUTE "${_libbacktrace_file}")
        _libbacktrace_check(COMPILER "${_libbacktrace_file}")
    endif()
endif()

if(NOT Libbacktrace_LIBRARY AND LOOPWATCH_LIBBACKTRACE MATCHES "^(AUTO|SYSTEM)$")
    find_library(Libbacktrace_FOUND_LIBRARY backtrace)
    mark_as_advanced(Libbacktrace_FOUND_LIBRARY)
    if(Libbacktrace_FOUND_LIBRARY)
        _libbacktrace_check(SYSTEM "${Libbacktrace_FOUND_LIBRARY}")
    endif()
endif()

if(NOT Libbacktrace_LIBRARY AND LOOPWATCH_LIBBACKTRACE MATCHES "^(AUTO|BOOST)$")
    find_package(Boost 1.74 QUIET CONFIG COMPONENTS stacktrace_backtrace)
    if(TARGET Boost::stacktrace_backtrace)
        # Its file alone: the target itself brings definitions, and we want none in the user's code.
        get_target_property(_libbacktrace_configs Boost::stacktrace_backtrace IMPORTED_CONFIGURATIONS)
        list(TRANSFORM _libbacktrace_configs PREPEND IMPORTED_LOCATION_)
        foreach(property IN LISTS _libbacktrace_configs ITEMS IMPORTED_LOCATION)
            get_target_property(_libbacktrace_file Boost::stacktrace_backtrace ${property})
            if(_libbacktrace_file)
                _libbacktrace_check(BOOST "${_libbacktrace_file}")
                break()
            endif()
        endforeach()
    endif()
endif()
mark_as_advanced(Libbacktrace_LIBRARY)

find_package_handle_standard_args(Libbacktrace
    REQUIRED_VARS Libbacktrace_LIBRARY
    REASON_FAILURE_MESSAGE "loopwatch needs libbacktrace to name stack frames, and finds none for \
LOOPWATCH_LIBBACKTRACE=${LOOPWATCH_LIBBACKTRACE}. Where gcc does not bring one, install libbacktrace itself (the package is \
named libbacktrace or libbacktrace-dev), or Boost.Stacktrace with its shared libraries (libboost-stacktrace-dev on Debian, \
boost-devel on Fedora), or elfutils' libdw (libdw-dev, elfutils-devel), which is used instead"
)

if(Libbacktrace_FOUND AND NOT TARGET Libbacktrace::Libbacktrace)
    add_library(Libbacktrace::Libbacktrace INTERFACE IMPORTED GLOBAL)
    target_link_libraries(Libbacktrace::Libbacktrace INTERFACE "${Libbacktrace_LIBRARY}" ${CMAKE_DL_LIBS})
endif()
