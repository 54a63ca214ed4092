# SPDX-License-Identifier: BSL-1.0
# loopwatch_dev: what our own tests, examples and benchmarks are compiled with, and no consumer ever.
add_library(loopwatch_dev INTERFACE)

target_compile_options(loopwatch_dev INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wcast-qual -Wnon-virtual-dtor
    -Woverloaded-virtual -Wdouble-promotion -Wformat=2 -Wundef
    $<$<CXX_COMPILER_ID:GNU>:-Wlogical-op -Wduplicated-cond -Wduplicated-branches>
    $<$<BOOL:${LOOPWATCH_WERROR}>:-Werror>
)

# The library itself is held to the same warnings.
target_link_libraries(loopwatch_compiled PRIVATE loopwatch_dev)

# Asio 1.22 and Boost.Asio 1.74 know only the coroutines of gcc and of older clangs.
target_compile_definitions(loopwatch_dev INTERFACE
    $<$<CXX_COMPILER_ID:Clang>:
        ASIO_HAS_CO_AWAIT=1 ASIO_HAS_STD_COROUTINE=1 BOOST_ASIO_HAS_CO_AWAIT=1 BOOST_ASIO_HAS_STD_COROUTINE=1>
)

# loopwatch_asio, loopwatch_boost_asio: the two libraries whose loops are watched.
find_path(LOOPWATCH_ASIO_INCLUDE_DIR asio.hpp)
if(LOOPWATCH_ASIO_INCLUDE_DIR)
    add_library(loopwatch_asio INTERFACE)
    target_include_directories(loopwatch_asio SYSTEM INTERFACE ${LOOPWATCH_ASIO_INCLUDE_DIR})
    if(WIN32)
        target_compile_definitions(loopwatch_asio INTERFACE _WIN32_WINNT=0x0A00)
        target_link_libraries(loopwatch_asio INTERFACE ws2_32 mswsock)
    endif()
endif()
find_package(Boost 1.74 QUIET)
if(TARGET Boost::headers)
    add_library(loopwatch_boost_asio INTERFACE)
    target_link_libraries(loopwatch_boost_asio INTERFACE Boost::headers)
endif()
if(LOOPWATCH_TESTS)
    include(cmake/catch2.cmake)
endif()
find_package(GTest 1.12 QUIET)
find_package(doctest 2.4 QUIET)
# loopwatch_boost_test: Boost.Test as a library, with a main function. It can be included as well.
find_package(Boost 1.74 QUIET OPTIONAL_COMPONENTS unit_test_framework)
if(TARGET Boost::unit_test_framework)
    add_library(loopwatch_boost_test INTERFACE)
    target_link_libraries(loopwatch_boost_test INTERFACE Boost::unit_test_framework)
    target_compile_definitions(loopwatch_boost_test INTERFACE BOOST_TEST_DYN_LINK)
endif()
if(LOOPWATCH_BENCH)
    find_package(benchmark 1.6 QUIET)
endif()

# loopwatch_missing(<variable> <target>...): the names of those that there are not.
function(loopwatch_missing variable)
    set(loopwatch_asio "standalone Asio (Debian: libasio-dev)")
    set(loopwatch_boost_asio "Boost (Debian: libboost-dev)")
    set(loopwatch_catch2 "Catch2 (Debian: catch2)")
    set(GTest::gtest_main "GoogleTest (Debian: libgtest-dev)")
    set(loopwatch_boost_test "Boost.Test (Debian: libboost-test-dev)")
    set(doctest::doctest "doctest (Debian: doctest-dev)")
    set(benchmark::benchmark "Google Benchmark (Debian: libbenchmark-dev)")
    set(missing "")
    foreach(target IN LISTS ARGN)
        if(NOT TARGET ${target})
            list(APPEND missing "${${target}}")
        endif()
    endforeach()
    list(JOIN missing ", " missing)
    set(${variable} "${missing}" PARENT_SCOPE)
endfunction()

# loopwatch_needs(<option> <target>...): turns the option off where one of these is missing, and says so. If it is ON, that
# is an error: whoever asked for it should not go without and not know.
function(loopwatch_needs option)
    loopwatch_missing(missing ${ARGN})
    if(missing AND ${option} STREQUAL "AUTO")
        message(STATUS "${option} is off, as these were not found: ${missing}")
        set(${option} OFF PARENT_SCOPE)
    elseif(missing AND ${option})
        message(FATAL_ERROR "${option}=${${option}} needs what was not found: ${missing}")
    endif()
endfunction()
loopwatch_needs(LOOPWATCH_TESTS loopwatch_asio loopwatch_catch2)
loopwatch_needs(LOOPWATCH_TESTS_ELSEWHERE loopwatch_boost_asio)
loopwatch_needs(LOOPWATCH_BENCH loopwatch_asio benchmark::benchmark)
