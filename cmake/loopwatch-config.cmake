# SPDX-License-Identifier: BSL-1.0
# Dependencies are found again by name, on the machine that uses them.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
if(NOT TARGET fmt::fmt)
    find_dependency(fmt 8)
endif()
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    list(PREPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})
    find_dependency(Libbacktrace)
    list(POP_FRONT CMAKE_MODULE_PATH)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/loopwatch-targets.cmake)
