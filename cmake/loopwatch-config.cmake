# SPDX-License-Identifier: BSL-1.0
# Dependencies are found again by name, on the machine that uses them.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
if(NOT TARGET fmt::fmt)
    find_dependency(fmt 8)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/symbolizer.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/loopwatch-targets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/compiled.cmake)
