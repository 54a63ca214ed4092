# SPDX-License-Identifier: BSL-1.0
# cmake -D CHECKOUT=<folder> -D WORK=<folder> -D COMPILER=<path> -D GENERATOR=<name> -P check_symbolizers.cmake
# Each choice of what reads debug information is what a program gets by pkg-config, from an installed folder that was moved.
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/run.cmake)
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
find_program(pkg_config pkg-config REQUIRED)

# configure(<build folder> <variable>=<value>...)
function(configure build)
    list(TRANSFORM ARGN PREPEND -D)
    try(${CMAKE_COMMAND} -S ${CHECKOUT} -B ${WORK}/${build} -G ${GENERATOR} -D CMAKE_INSTALL_MESSAGE=NEVER -D CMAKE_INSTALL_LIBDIR=lib
        -D LOOPWATCH_TESTS=OFF -D LOOPWATCH_EXAMPLES=OFF ${ARGN}
    )
    set(result "${result}" PARENT_SCOPE)
    set(output "${output}" PARENT_SCOPE)
endfunction()

# gives(<flags and libraries> <build folder> <variable>=<value>...): the names of the libraries between loopwatch and fmt.
function(gives expected build)
    configure(${build} ${ARGN})
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "${ARGN}:\n${output}")
    endif()
    file(REMOVE_RECURSE ${WORK}/moved)
    must_run(${CMAKE_COMMAND} --install ${WORK}/${build} --prefix ${WORK}/prefix)
    file(RENAME ${WORK}/prefix ${WORK}/moved)
    set(ENV{PKG_CONFIG_PATH} ${WORK}/moved/lib/pkgconfig)
    foreach(way loopwatch loopwatch-compiled)
        set(compiled "")
        if(way STREQUAL "loopwatch-compiled")
            set(compiled "-DLOOPWATCH_SEPARATE_COMPILATION ")
        endif()
        must_run(${pkg_config} --cflags --libs ${way})
        string(REPLACE "${WORK}/moved/lib/pkgconfig/../../include" "<include>" output "${output}")
        string(REGEX REPLACE "[ \n]+" " " output "${output}")
        if(NOT output STREQUAL "-I<include> ${compiled}${expected} -ldl -pthread -lfmt ")
            message(FATAL_ERROR "${ARGN}: ${way} gives ${output}")
        endif()
    endforeach()
    must_run(${pkg_config} --variable=source loopwatch-compiled)
    string(STRIP "${output}" output)
    if(NOT EXISTS ${output})
        message(FATAL_ERROR "loopwatch-compiled's source is not there: ${output}")
    endif()
    message(STATUS "${ARGN}: ${expected}")
endfunction()

# refused(<regular expression> <build folder> <variable>=<value>...)
function(refused expected build)
    configure(${build} ${ARGN})
    string(REGEX REPLACE "[ \n]+" " " output "${output}")
    if(result EQUAL 0 OR NOT output MATCHES "${expected}")
        message(FATAL_ERROR "${ARGN} is not refused with \"${expected}\":\n${output}")
    endif()
endfunction()

# In one build tree, so that a choice that was made before is made anew.
configure(build CMAKE_CXX_COMPILER=${COMPILER} LOOPWATCH_SYMBOLIZER=LIBDW)
if(result EQUAL 0)
    gives("-DLOOPWATCH_LIBDW -ldw -lelf" build LOOPWATCH_SYMBOLIZER=LIBDW)
    gives("-DLOOPWATCH_LIBDW -ldw -lelf" build LOOPWATCH_SYMBOLIZER=AUTO)
else()
    message(STATUS "Not tested here, for want of libdw: LOOPWATCH_SYMBOLIZER=LIBDW")
endif()
gives("-lbacktrace" build CMAKE_CXX_COMPILER=${COMPILER} LOOPWATCH_SYMBOLIZER=LIBBACKTRACE)
gives("-lbacktrace" static CMAKE_CXX_COMPILER=${COMPILER} LOOPWATCH_SYMBOLIZER=LIBBACKTRACE LOOPWATCH_LIBBACKTRACE=COMPILER
    CMAKE_EXE_LINKER_FLAGS=-static
)
refused("must be AUTO, COMPILER, SYSTEM or BOOST, but is \"gcc\"" build LOOPWATCH_LIBBACKTRACE=gcc)

# file_of(<variable> <library's file name>): where the compiler has it, or nothing.
function(file_of variable name)
    execute_process(
        COMMAND ${COMPILER} -print-file-name=${name} OUTPUT_VARIABLE file OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY
    )
    if(NOT IS_ABSOLUTE "${file}")
        set(file "")
    endif()
    set(${variable} "${file}" PARENT_SCOPE)
endfunction()
file_of(boost libboost_stacktrace_backtrace.so)
if(boost)
    gives("-lboost_stacktrace_backtrace" build LOOPWATCH_LIBBACKTRACE=BOOST)
    gives("-lbacktrace" build LOOPWATCH_LIBBACKTRACE=AUTO)
endif()

# A libbacktrace in a folder that the compiler does not know.
file_of(libbacktrace libbacktrace.a)
file(MAKE_DIRECTORY ${WORK}/elsewhere)
file(CREATE_LINK ${libbacktrace} ${WORK}/elsewhere/libbacktrace.a SYMBOLIC)
gives("-L${WORK}/elsewhere -lbacktrace" build LOOPWATCH_LIBBACKTRACE=SYSTEM CMAKE_LIBRARY_PATH=${WORK}/elsewhere)

# A compiler without a libbacktrace of its own.
file(WRITE ${WORK}/compiler "#!/bin/sh
case \"$*\" in
    *-print-file-name=libbacktrace.a*) echo libbacktrace.a ;;
    *) exec ${COMPILER} \"$@\" ;;
esac
")
file(CHMOD ${WORK}/compiler PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
set(without CMAKE_CXX_COMPILER=${WORK}/compiler LOOPWATCH_SYMBOLIZER=LIBBACKTRACE)
refused("finds none for LOOPWATCH_LIBBACKTRACE=COMPILER" without ${without} LOOPWATCH_LIBBACKTRACE=COMPILER)
if(boost)
    gives("-lboost_stacktrace_backtrace" without LOOPWATCH_LIBBACKTRACE=AUTO)
else()
    message(STATUS "Not tested here, for want of Boost.Stacktrace: LOOPWATCH_LIBBACKTRACE=BOOST")
endif()
