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
else()
    message(FATAL_ERROR "Our tests and examples need standalone Asio (Debian: libasio-dev)")
endif()
find_package(Boost 1.74 REQUIRED)
add_library(loopwatch_boost_asio INTERFACE)
target_link_libraries(loopwatch_boost_asio INTERFACE Boost::headers)
