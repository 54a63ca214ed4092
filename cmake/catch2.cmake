# SPDX-License-Identifier: BSL-1.0
# loopwatch_catch2: Catch2 2.13 (Debian's) or 3, with a main function; if there is one.
option(LOOPWATCH_FETCH_CATCH2 "Download Catch2 3 instead of using what is installed" OFF)

if(LOOPWATCH_FETCH_CATCH2)
    include(FetchContent)
    FetchContent_Declare(Catch2
        GIT_REPOSITORY https://github.com/catchorg/Catch2.git
        GIT_TAG v3.5.4
        GIT_SHALLOW ON
    )
    FetchContent_MakeAvailable(Catch2)
    # As if it were installed: our warnings are not meant for its headers.
    get_target_property(directories Catch2 INTERFACE_INCLUDE_DIRECTORIES)
    set_target_properties(Catch2 PROPERTIES INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${directories}")
    set(Catch2_VERSION 3)
elseif(NOT TARGET Catch2::Catch2)  # given.cmake may have brought it
    find_package(Catch2 2.13 QUIET)
    if(NOT Catch2_FOUND)
        find_package(Catch2 3 QUIET)
    endif()
    if(NOT Catch2_FOUND)
        return()
    endif()
endif()

if(TARGET Catch2::Catch2WithMain AND (NOT Catch2_VERSION VERSION_LESS 3 OR NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize"))
    add_library(loopwatch_catch2 INTERFACE)
    target_link_libraries(loopwatch_catch2 INTERFACE Catch2::Catch2WithMain)
    target_compile_features(loopwatch_catch2 INTERFACE cxx_std_20)
else()
    # A main that is compiled with our flags has its sanitizer, too.
    add_library(loopwatch_catch2 OBJECT ${PROJECT_SOURCE_DIR}/tests/catch2_main.cpp)
    target_link_libraries(loopwatch_catch2 PUBLIC Catch2::Catch2)
    target_compile_features(loopwatch_catch2 PUBLIC cxx_std_20)
    # Instrumented as the rest: the linker keeps one copy of each of the standard library's inline functions, maybe this
    # one, and thread sanitizer must see the atomics in it.
    target_compile_options(loopwatch_catch2 PRIVATE -O0 -g0)
endif()

# A test program that runs no test fails: Catch2 3's does by itself, but for a part of its test spec.
set(loopwatch_catch2_warns NoTests)
get_target_property(type Catch2::Catch2 TYPE)
if(NOT type STREQUAL "INTERFACE_LIBRARY")  # which 2 is
    set(loopwatch_catch2_warns UnmatchedTestSpec)
endif()
