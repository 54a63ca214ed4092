# SPDX-License-Identifier: BSL-1.0
# cmake -D CHECKOUT=<folder> -D WORK=<folder> -D COMPILER=<path> -D GENERATOR=<name> -D ASIO=<folder> -P check_left_out.cmake
# Without what tests and examples need, a checkout can be configured, built and installed, and says what it leaves out; unless that was
# asked for.
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/run.cmake)
file(REMOVE_RECURSE ${WORK})

# expect_told(<regular expression>...)
function(expect_told)
    string(REGEX REPLACE "[ \n]+" " " told "${output}")
    foreach(expected IN LISTS ARGN)
        if(NOT told MATCHES "${expected}")
            message(FATAL_ERROR "It does not say \"${expected}\":\n${output}")
        endif()
    endforeach()
endfunction()

# Neither Asio, nor what is in the same folder, nor Boost, nor a test framework.
set(configure ${CMAKE_COMMAND} -S ${CHECKOUT} -B ${WORK}/build -G ${GENERATOR} -D CMAKE_CXX_COMPILER=${COMPILER}
    -D CMAKE_IGNORE_PATH=${ASIO} -D CMAKE_INSTALL_LIBDIR=lib
)
foreach(package Boost Catch2 GTest benchmark)
    list(APPEND configure -D CMAKE_DISABLE_FIND_PACKAGE_${package}=ON)
endforeach()
set(asio "standalone Asio .Debian: libasio-dev.")
set(boost "Boost .Debian: libboost-dev.")
set(catch2 "Catch2 .Debian: catch2.")
set(google_test "GoogleTest .Debian: libgtest-dev.")
must_run(${configure})
expect_told(
    "LOOPWATCH_TESTS is off, as these were not found: ${asio}, ${catch2} "
    "examples/minimal is left out, as these were not found: ${asio} "
    "examples/quickstart is left out, as these were not found: ${asio}, ${boost} "
    "examples/gtest_suite is left out, as these were not found: ${asio}, ${google_test} "
    "examples/pdf_ingest is left out, as these were not found: ${boost}"
    "examples/usual_suspects is left out, as these were not found: ${asio}"
)
must_run(${CMAKE_COMMAND} --build ${WORK}/build)
must_run(${CMAKE_COMMAND} --install ${WORK}/build --prefix ${WORK}/prefix)
foreach(file include/loopwatch/loopwatch.hpp share/loopwatch/loopwatch-config.cmake lib/pkgconfig/loopwatch.pc)
    if(NOT EXISTS ${WORK}/prefix/${file})
        message(FATAL_ERROR "It installs no ${file}")
    endif()
endforeach()

foreach(option LOOPWATCH_TESTS LOOPWATCH_BENCH)
    try(${configure} -D ${option}=ON)
    if(result EQUAL 0)
        message(FATAL_ERROR "${option}=ON is content without")
    endif()
    expect_told("${option}=ON needs what was not found: ${asio}")
    must_run(${configure} -D ${option}=OFF)
endforeach()
