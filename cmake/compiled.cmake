# SPDX-License-Identifier: BSL-1.0
#
# loopwatch_add_compiled(<target> [<definition>...]): the implementation, compiled once in this build tree with the
# compiler and the flags of whoever calls it. Installed next to loopwatch's config file: the package ships no binaries.
#
# For static and shared consumers alike, so its code can be placed anywhere. How it is checked is our own matter.
function(loopwatch_add_compiled target)
    add_library(${target} STATIC EXCLUDE_FROM_ALL ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/compiled.cpp)
    target_link_libraries(${target} PUBLIC loopwatch::header_only)
    target_compile_definitions(${target} PUBLIC LOOPWATCH_SEPARATE_COMPILATION ${ARGN})
    # Its files need exceptions, also in a program that is compiled without.
    target_compile_options(${target} PRIVATE $<$<NOT:$<CXX_COMPILER_ID:MSVC>>:-fexceptions>)
    set_target_properties(${target} PROPERTIES
        POSITION_INDEPENDENT_CODE ON
        CXX_CLANG_TIDY "" CXX_CPPCHECK "" CXX_INCLUDE_WHAT_YOU_USE ""
    )
endfunction()

# loopwatch::loopwatch is imported and not an alias: then a consumer's own library that links it can be exported.
if(NOT TARGET loopwatch::loopwatch)
    loopwatch_add_compiled(loopwatch_compiled)
    add_library(loopwatch::loopwatch INTERFACE IMPORTED GLOBAL)
    target_link_libraries(loopwatch::loopwatch INTERFACE loopwatch_compiled)
endif()
