# SPDX-License-Identifier: BSL-1.0
# cmake -D COMPILER=... -D LIBRARY=... -D FLAGS=... -D NAMED=... -D SOURCE=... -D INCLUDE=... -P check_mix.cmake
execute_process(
    COMMAND ${COMPILER} -std=c++20 ${FLAGS} -I${INCLUDE} ${SOURCE} ${LIBRARY} -o mixed_program
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output
)
if(result EQUAL 0)
    message(FATAL_ERROR "${FLAGS} links with a library that was compiled without")
endif()
if(NOT output MATCHES "undefined reference[^\n]*loopwatch::v[0-9_]+[a-z_]*${NAMED}")
    message(FATAL_ERROR "${FLAGS} does not link, but no message names ${NAMED}:\n${output}")
endif()
