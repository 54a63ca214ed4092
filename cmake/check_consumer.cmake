# SPDX-License-Identifier: BSL-1.0
# cmake -D WAY=... -P check_consumer.cmake: see tests/consumer/CMakeLists.txt
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)

file(REMOVE_RECURSE ${WORK})
set(flags "-g1 -DCONSUMERS_OWN")
if(WAY STREQUAL "optimized")  # an optimizer that sees the compiled library and its user at once has nothing to warn of
    string(APPEND flags " -O3 -Wall -Wextra -Werror")
    set(link_time -D CMAKE_INTERPROCEDURAL_OPTIMIZATION=ON)
endif()
set(configure ${CMAKE_COMMAND} -S ${LOOPWATCH_SOURCE}/tests/consumer/project -B ${WORK}/build -G ${GENERATOR}
    -D WAY=${WAY} -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_BUILD_TYPE= "-DCMAKE_CXX_FLAGS=${flags}" ${link_time}
)
if(WAY STREQUAL "find_package" OR WAY STREQUAL "refused_version")
    must_run(${CMAKE_COMMAND} --install ${LOOPWATCH_BUILD} --prefix ${WORK}/prefix)
    string(REGEX MATCH "^[0-9]+\\.[0-9]+" wanted ${VERSION})
    if(WAY STREQUAL "refused_version")
        set(wanted 9.0)
    endif()
    list(APPEND configure -D CMAKE_PREFIX_PATH=${WORK}/prefix -D LOOPWATCH_VERSION=${wanted})
else()
    list(APPEND configure -D LOOPWATCH_SOURCE=${LOOPWATCH_SOURCE})
endif()

if(WAY STREQUAL "refused_version")
    try(${configure})
    if(result EQUAL 0)
        message(FATAL_ERROR "find_package(loopwatch ${wanted}) accepts version ${VERSION}")
    endif()
    string(REGEX REPLACE "[ \n]+" " " output "${output}")
    if(NOT output MATCHES "compatible with requested version \"${wanted}\"" OR NOT output MATCHES "version: ${VERSION}")
        message(FATAL_ERROR "find_package(loopwatch ${wanted}) fails, but not for its version:\n${output}")
    endif()
    return()
endif()

must_run(${configure})
if(WAY STREQUAL "fetch_content")  # that adds the same folder, and what is built of it was built already
    return()
endif()
must_run(${CMAKE_COMMAND} --build ${WORK}/build)
set(programs consumer exact_consumer)
if(WAY STREQUAL "optimized")
    set(programs consumer)
endif()
foreach(program IN LISTS programs)
    must_run(${WORK}/build/${program})
    message("${output}")
endforeach()
