# SPDX-License-Identifier: BSL-1.0
# cmake -D PROGRAM=<path> -D ARGUMENTS=<list> [-D FAILS=ON] -D EXPECT=<list of regular expressions> -P check_output.cmake
# CTest's own PASS_REGULAR_EXPRESSION is content with one match of several, and ignores the exit code.
execute_process(COMMAND ${PROGRAM} ${ARGUMENTS} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE errors)
message("${output}${errors}")
if(FAILS)
    if(NOT code MATCHES "^[1-9][0-9]*$")  # not 0, and not by a signal, which is told by its name
        message(FATAL_ERROR "It ended with ${code}, but is to end with an exit code that says that something failed")
    endif()
elseif(NOT code EQUAL 0)
    message(FATAL_ERROR "It ended with ${code}")
endif()
foreach(expected IN LISTS EXPECT)
    if(NOT output MATCHES "${expected}")
        message(FATAL_ERROR "It did not print what matches: ${expected}")
    endif()
endforeach()
