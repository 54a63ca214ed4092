# SPDX-License-Identifier: BSL-1.0
# cmake -D PROGRAM=<path> -D ARGUMENTS=<list> -D EXPECT=<list of regular expressions> -P check_output.cmake
# CTest's own PASS_REGULAR_EXPRESSION is content with one match of several, and ignores the exit code.
execute_process(COMMAND ${PROGRAM} ${ARGUMENTS} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE errors)
message("${output}${errors}")
if(NOT code EQUAL 0)
    message(FATAL_ERROR "It ended with ${code}")
endif()
foreach(expected IN LISTS EXPECT)
    if(NOT output MATCHES "${expected}")
        message(FATAL_ERROR "It did not print what matches: ${expected}")
    endif()
endforeach()
