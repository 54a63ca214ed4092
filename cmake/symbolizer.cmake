# SPDX-License-Identifier: BSL-1.0
#
# loopwatch::symbolizer: the library that reads debug information, for the files and lines of reports. elfutils' libdw where
# it is installed, else libbacktrace. Installed next to loopwatch's config file: a consumer's machine may have another one
# than ours.
set(LOOPWATCH_SYMBOLIZER AUTO CACHE STRING "What reads debug information: AUTO, LIBDW or LIBBACKTRACE")
set_property(CACHE LOOPWATCH_SYMBOLIZER PROPERTY STRINGS AUTO LIBDW LIBBACKTRACE)
if(NOT LOOPWATCH_SYMBOLIZER MATCHES "^(AUTO|LIBDW|LIBBACKTRACE)$")
    message(FATAL_ERROR "LOOPWATCH_SYMBOLIZER must be AUTO, LIBDW or LIBBACKTRACE, but is \"${LOOPWATCH_SYMBOLIZER}\"")
endif()
set(LOOPWATCH_LIBBACKTRACE AUTO CACHE STRING "Which libbacktrace: AUTO, COMPILER, SYSTEM or BOOST")
set_property(CACHE LOOPWATCH_LIBBACKTRACE PROPERTY STRINGS AUTO COMPILER SYSTEM BOOST)
if(NOT LOOPWATCH_LIBBACKTRACE MATCHES "^(AUTO|COMPILER|SYSTEM|BOOST)$")
    message(FATAL_ERROR
        "LOOPWATCH_LIBBACKTRACE must be AUTO, COMPILER, SYSTEM or BOOST, but is \"${LOOPWATCH_LIBBACKTRACE}\""
    )
endif()

if(NOT TARGET loopwatch::symbolizer)
    add_library(loopwatch::symbolizer INTERFACE IMPORTED GLOBAL)
    if(CMAKE_SYSTEM_NAME STREQUAL "Linux")  # elsewhere nothing is captured, so nothing is named
        # MODULE: a package manager's file for what is named like it has other targets.
        list(PREPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})
        if(LOOPWATCH_SYMBOLIZER STREQUAL "LIBDW")
            find_package(Libdw MODULE REQUIRED)
        elseif(LOOPWATCH_SYMBOLIZER STREQUAL "AUTO")
            find_package(Libdw MODULE QUIET)
        endif()
        if(TARGET Libdw::Libdw AND NOT LOOPWATCH_SYMBOLIZER STREQUAL "LIBBACKTRACE")
            target_link_libraries(loopwatch::symbolizer INTERFACE Libdw::Libdw)
            target_compile_definitions(loopwatch::symbolizer INTERFACE LOOPWATCH_LIBDW)
        else()
            find_package(Libbacktrace MODULE REQUIRED)
            target_link_libraries(loopwatch::symbolizer INTERFACE Libbacktrace::Libbacktrace)
        endif()
        list(POP_FRONT CMAKE_MODULE_PATH)
    endif()
endif()
