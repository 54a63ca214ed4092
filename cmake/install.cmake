# SPDX-License-Identifier: BSL-1.0
# install, and what find_package(loopwatch) needs.
include(CMakePackageConfigHelpers)

set(where ${CMAKE_INSTALL_DATADIR}/loopwatch)

install(TARGETS loopwatch_header_only loopwatch_exact EXPORT loopwatch)
install(DIRECTORY include/loopwatch DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(EXPORT loopwatch NAMESPACE loopwatch:: FILE loopwatch-targets.cmake DESTINATION ${where})
if(LOOPWATCH_READ)
    install(TARGETS loopwatch-read RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# While it is 0.x every minor version may break its users.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/loopwatch-config-version.cmake
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT
)
configure_file(cmake/loopwatch-config.cmake.in loopwatch-config.cmake @ONLY)
install(
    FILES
        ${CMAKE_CURRENT_BINARY_DIR}/loopwatch-config.cmake
        cmake/compiled.cmake
        cmake/compiled.cpp
        cmake/FindLibbacktrace.cmake
        cmake/FindLibdw.cmake
        cmake/symbolizer.cmake
        docs/block_notice.schema.json
        ${CMAKE_CURRENT_BINARY_DIR}/loopwatch-config-version.cmake
    DESTINATION ${where}
)

include(cmake/pkg_config.cmake)
