# SPDX-License-Identifier: BSL-1.0
# cmake -D COMPILER=... -D SOURCE=... -D INCLUDE_DIRS=... -P check_compile_fail.cmake
file(STRINGS "${SOURCE}" head LIMIT_COUNT 3)  # then "// flags: ...", and "// one error" where no others may follow it
if(NOT head MATCHES "^// expect: ([^;]+)")
    message(FATAL_ERROR "${SOURCE} does not begin with '// expect: <regex>'")
endif()
set(expected "${CMAKE_MATCH_1}")
set(flags -std=c++20)
if(head MATCHES ";// flags: ([^;]+)")
    separate_arguments(flags UNIX_COMMAND "${CMAKE_MATCH_1}")
endif()
list(PREPEND flags -DLOOPWATCH_SEPARATE_COMPILATION)  # the implementation has no part in this

foreach(dir IN LISTS INCLUDE_DIRS)
    if(dir)
        list(APPEND flags "-I${dir}")
    endif()
endforeach()
execute_process(
    COMMAND ${COMPILER} ${flags} -fsyntax-only "${SOURCE}"
    RESULT_VARIABLE result ERROR_VARIABLE errors OUTPUT_QUIET
)
if(result EQUAL 0)
    message(FATAL_ERROR "${SOURCE} compiles, but must not")
endif()
if(NOT errors MATCHES "${expected}")
    message(FATAL_ERROR "${SOURCE} fails to compile as it must, but without '${expected}':\n${errors}")
endif()
if(head MATCHES ";// one error")
    string(REGEX MATCHALL "[0-9]: (fatal )?error: " all "${errors}")
    list(LENGTH all number)
    if(NOT number EQUAL 1)
        message(FATAL_ERROR "${SOURCE} gives ${number} errors instead of one:\n${errors}")
    endif()
endif()
