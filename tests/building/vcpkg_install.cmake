# SPDX-License-Identifier: BSL-1.0
# cmake -D PORT=<folder> -D CHECKOUT=<folder> -D VERSION=<version> -D WORK=<folder> -D COMPILER=<path> -D GENERATOR=<name>
#     -P vcpkg_install.cmake
# What `vcpkg install` would do with an overlay port and a project that uses it, where vcpkg can't be had: the functions that the port
# calls stand here, as vcpkg's documentation describes them. What is not here is an error. Of vcpkg's own packages fmt is the
# machine's; libbacktrace is the compiler's, in the folder where vcpkg would have installed it.
cmake_minimum_required(VERSION 3.22)

include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/run.cmake)

function(expect what found expected)
    if(NOT "${found}" STREQUAL "${expected}")
        message(FATAL_ERROR "${what}: \"${found}\", and not \"${expected}\"")
    endif()
endfunction()

file(REMOVE_RECURSE ${WORK})

# The manifest.
file(READ ${PORT}/vcpkg.json manifest)
string(JSON PORT_NAME GET "${manifest}" name)
string(JSON version GET "${manifest}" version)
expect("vcpkg.json's version" "${version}" "${VERSION}")
string(JSON count LENGTH "${manifest}" dependencies)
math(EXPR last "${count} - 1")
set(dependencies "")
foreach(i RANGE ${last})
    string(JSON dependency ERROR_VARIABLE is_text GET "${manifest}" dependencies ${i} name)
    if(is_text)
        string(JSON dependency GET "${manifest}" dependencies ${i})
    endif()
    list(APPEND dependencies ${dependency})
endforeach()
list(SORT dependencies)
expect("vcpkg.json's dependencies" "${dependencies}" "fmt;libbacktrace;vcpkg-cmake;vcpkg-cmake-config")

# The port. PORT is its name in there.
set(CURRENT_PORT_DIR ${PORT})
set(PORT ${PORT_NAME})
set(CURRENT_BUILDTREES_DIR ${WORK}/buildtrees)
set(CURRENT_PACKAGES_DIR ${WORK}/packages)
set(CURRENT_INSTALLED_DIR ${WORK}/installed)
execute_process(
    COMMAND ${COMPILER} -print-file-name=libbacktrace.a OUTPUT_VARIABLE libbacktrace OUTPUT_STRIP_TRAILING_WHITESPACE
)
file(MAKE_DIRECTORY ${CURRENT_INSTALLED_DIR}/lib)
file(CREATE_LINK ${libbacktrace} ${CURRENT_INSTALLED_DIR}/lib/libbacktrace.a SYMBOLIC)
set(configure ${CMAKE_COMMAND} -G ${GENERATOR} -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_PREFIX_PATH=${CURRENT_INSTALLED_DIR})

function(vcpkg_cmake_configure)
    cmake_parse_arguments(arg "" "SOURCE_PATH" "OPTIONS" ${ARGN})
    expect("vcpkg_cmake_configure" "${arg_UNPARSED_ARGUMENTS}" "")
    expect("VCPKG_BUILD_TYPE" "${VCPKG_BUILD_TYPE}" release)
    must_run(${configure} -S ${arg_SOURCE_PATH} -B ${CURRENT_BUILDTREES_DIR} -D CMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}
        -D CMAKE_INSTALL_LIBDIR=lib -D CMAKE_BUILD_TYPE=Release ${arg_OPTIONS}
    )
endfunction()

function(vcpkg_cmake_install)
    expect("vcpkg_cmake_install" "${ARGN}" "")
    must_run(${CMAKE_COMMAND} --build ${CURRENT_BUILDTREES_DIR} --target install)
endfunction()

# CMake's files must be where vcpkg has them.
function(vcpkg_cmake_config_fixup)
    expect("vcpkg_cmake_config_fixup" "${ARGN}" "")
    if(NOT EXISTS ${CURRENT_PACKAGES_DIR}/share/${PORT}/${PORT}-config.cmake)
        message(FATAL_ERROR "The port has to tell vcpkg_cmake_config_fixup where CMake's files are")
    endif()
endfunction()

# Of vcpkg's folders files for pkg-config name the prefix.
function(vcpkg_fixup_pkgconfig)
    expect("vcpkg_fixup_pkgconfig" "${ARGN}" "")
    file(GLOB_RECURSE files ${CURRENT_PACKAGES_DIR}/*.pc)
    foreach(file IN LISTS files)
        file(READ ${file} text)
        string(REPLACE "${CURRENT_INSTALLED_DIR}" "\${prefix}" text "${text}")
        file(WRITE ${file} "${text}")
    endforeach()
endfunction()

function(vcpkg_install_copyright)
    cmake_parse_arguments(arg "" "" "FILE_LIST" ${ARGN})
    expect("vcpkg_install_copyright" "${arg_UNPARSED_ARGUMENTS}" "")
    file(COPY_FILE ${arg_FILE_LIST} ${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright)
endfunction()

include(${CURRENT_PORT_DIR}/portfile.cmake)

foreach(file IN ITEMS copyright usage)
    if(NOT EXISTS ${CURRENT_PACKAGES_DIR}/share/loopwatch/${file})
        message(FATAL_ERROR "The port installs no share/loopwatch/${file}")
    endif()
endforeach()
file(GLOB folders RELATIVE ${CURRENT_PACKAGES_DIR} ${CURRENT_PACKAGES_DIR}/*)
expect("what the port installs" "${folders}" "include;lib;share")

# As vcpkg does: what is packed goes to where everything is, and what it was made of is gone.
file(COPY ${CURRENT_PACKAGES_DIR}/ DESTINATION ${CURRENT_INSTALLED_DIR})
file(REMOVE_RECURSE ${CURRENT_PACKAGES_DIR} ${CURRENT_BUILDTREES_DIR})
file(STRINGS ${CURRENT_INSTALLED_DIR}/lib/pkgconfig/loopwatch.pc libraries REGEX "^Libs: ")
expect("loopwatch.pc" "${libraries}" "Libs: -L\${prefix}/lib -lbacktrace -ldl -pthread")

# A user's project.
must_run(${configure} -S ${CHECKOUT}/cmake/packaging/conan/test_package -B ${WORK}/build -D CMAKE_BUILD_TYPE=Debug)
must_run(${CMAKE_COMMAND} --build ${WORK}/build)
must_run(${WORK}/build/test_package)
message("${output}")
file(STRINGS ${WORK}/build/CMakeCache.txt used REGEX "^Libbacktrace_LIBRARY:")
expect("the program's libbacktrace" "${used}" "Libbacktrace_LIBRARY:FILEPATH=${CURRENT_INSTALLED_DIR}/lib/libbacktrace.a")
