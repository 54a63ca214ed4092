# SPDX-License-Identifier: BSL-1.0
#
# Libraries that tests are built with, given and not found: for the presets that have project() include this file. Each of
# LOOPWATCH_GIVEN_ASIO, _FMT, _CATCH2, _GTEST and _BOOST is a source tree; _HEADERS a folder that has Asio, fmt and Catch2 2 among
# others, to be used without any compiled library, as where there is none for the machine that is built for.
foreach(library ASIO FMT CATCH2 GTEST BOOST HEADERS)
    set(LOOPWATCH_GIVEN_${library} "" CACHE PATH "${library} that tests are built with; empty: the installed one")
    if(LOOPWATCH_GIVEN_${library} AND NOT IS_DIRECTORY ${LOOPWATCH_GIVEN_${library}})
        message(FATAL_ERROR "${library}: there is no folder ${LOOPWATCH_GIVEN_${library}}")
    endif()
endforeach()

# give(<package> <tree>): find_package(<package>) takes this tree. Our warnings are not meant for its headers.
function(give package tree)
    if(tree)
        FetchContent_Declare(${package} SOURCE_DIR ${tree} OVERRIDE_FIND_PACKAGE SYSTEM)
    endif()
endfunction()

if(LOOPWATCH_GIVEN_FMT OR LOOPWATCH_GIVEN_CATCH2 OR LOOPWATCH_GIVEN_GTEST)
    include(FetchContent)
    give(fmt "${LOOPWATCH_GIVEN_FMT}")
    give(Catch2 "${LOOPWATCH_GIVEN_CATCH2}")
    give(GTest "${LOOPWATCH_GIVEN_GTEST}")
endif()

unset(LOOPWATCH_ASIO_INCLUDE_DIR CACHE)
if(LOOPWATCH_GIVEN_ASIO)
    find_path(LOOPWATCH_ASIO_INCLUDE_DIR asio.hpp REQUIRED NO_DEFAULT_PATH
        PATHS ${LOOPWATCH_GIVEN_ASIO}/include ${LOOPWATCH_GIVEN_ASIO}/asio/include ${LOOPWATCH_GIVEN_ASIO}
    )
endif()

if(LOOPWATCH_GIVEN_BOOST)
    set(directories ${LOOPWATCH_GIVEN_BOOST})
    if(NOT EXISTS ${LOOPWATCH_GIVEN_BOOST}/boost/version.hpp)  # not a release: each library has its own folder
        file(GLOB directories ${LOOPWATCH_GIVEN_BOOST}/libs/*/include ${LOOPWATCH_GIVEN_BOOST}/libs/numeric/*/include)
    endif()
    add_library(Boost::headers INTERFACE IMPORTED GLOBAL)
    target_include_directories(Boost::headers INTERFACE ${directories})
    file(WRITE ${CMAKE_FIND_PACKAGE_REDIRECTS_DIR}/boost-config.cmake "")
    file(WRITE ${CMAKE_FIND_PACKAGE_REDIRECTS_DIR}/boost-config-version.cmake "set(PACKAGE_VERSION_COMPATIBLE ON)\n")
endif()

if(LOOPWATCH_GIVEN_HEADERS)
    include(${CMAKE_CURRENT_LIST_DIR}/headers_alone.cmake)
    set(headers ${CMAKE_CURRENT_BINARY_DIR}/given_headers)
    headers_alone(${headers} missing ${LOOPWATCH_GIVEN_HEADERS} asio asio.hpp fmt catch2)
    if(missing)
        message(FATAL_ERROR "There is no ${missing} in ${LOOPWATCH_GIVEN_HEADERS}")
    endif()
    set(LOOPWATCH_ASIO_INCLUDE_DIR ${headers} CACHE PATH "" FORCE)
    foreach(library fmt::fmt Catch2::Catch2)
        add_library(${library} INTERFACE IMPORTED GLOBAL)
        target_include_directories(${library} INTERFACE ${headers})
    endforeach()
    target_compile_definitions(fmt::fmt INTERFACE FMT_HEADER_ONLY)
endif()
