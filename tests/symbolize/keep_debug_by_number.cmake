# SPDX-License-Identifier: BSL-1.0
# Strips LIBRARY to STRIPPED, and keeps its debug information in FOLDER, where it is found by the build's number.
find_program(READELF readelf REQUIRED)
execute_process(COMMAND ${READELF} -n ${LIBRARY} OUTPUT_VARIABLE notes COMMAND_ERROR_IS_FATAL ANY)
if(NOT notes MATCHES "Build ID: ([0-9a-f][0-9a-f])([0-9a-f]+)")
    message(FATAL_ERROR "${LIBRARY} has no number")
endif()
file(MAKE_DIRECTORY ${FOLDER}/.build-id/${CMAKE_MATCH_1})
execute_process(
    COMMAND ${OBJCOPY} --only-keep-debug ${LIBRARY} ${FOLDER}/.build-id/${CMAKE_MATCH_1}/${CMAKE_MATCH_2}.debug
    COMMAND_ERROR_IS_FATAL ANY
)
execute_process(COMMAND ${OBJCOPY} --strip-debug ${LIBRARY} ${STRIPPED} COMMAND_ERROR_IS_FATAL ANY)
