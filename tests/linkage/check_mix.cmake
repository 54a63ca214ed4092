# SPDX-License-Identifier: BSL-1.0
# cmake -D COMPILER=... -D LIBRARY=... [-D FLAGS=...] [-D HEADER_ONLY=ON] [-D ASIO=... -D TRACKING=...] -D NAMED=...
#       -D SOURCE=... -D INCLUDE=... -P check_mix.cmake
set(compile ${COMPILER} -std=c++20 -I${INCLUDE})
set(inputs ${SOURCE} ${LIBRARY})
set(expected "undefined reference[^\n]*loopwatch::v[0-9_]+[a-z_]*${NAMED}")
if(HEADER_ONLY)
    # One file of each kind: the one needs nothing of the other.
    execute_process(COMMAND ${compile} ${FLAGS} -DLOOPWATCH_SEPARATE_COMPILATION -DMIXED_PART -c ${SOURCE} -o separate.o COMMAND_ERROR_IS_FATAL ANY)
    set(inputs ${SOURCE} separate.o ${LIBRARY})
    set(expected "TLS[^\n]*${NAMED}|${NAMED}[^\n]*TLS")
endif()
if(TRACKING)
    if(ASIO STREQUAL "boost_asio")
        list(APPEND FLAGS -DTRACKED_BOOST_ASIO)
    endif()
    execute_process(COMMAND ${compile} ${FLAGS} ${TRACKING} -c ${SOURCE} -o ${ASIO}_tracked.o COMMAND_ERROR_IS_FATAL ANY)
    set(inputs -DTRACKED_PART ${SOURCE} ${ASIO}_tracked.o ${LIBRARY})
    set(expected "TLS[^\n]*${NAMED}|${NAMED}[^\n]*TLS")
endif()
execute_process(
    COMMAND ${compile} ${FLAGS} ${inputs} -o mixed_program_${NAMED}
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output
)
if(result EQUAL 0)
    message(FATAL_ERROR "what was compiled with ${FLAGS} links with what was compiled without")
endif()
if(NOT output MATCHES "${expected}")
    message(FATAL_ERROR "${FLAGS} does not link, but no message names ${NAMED}:\n${output}")
endif()
