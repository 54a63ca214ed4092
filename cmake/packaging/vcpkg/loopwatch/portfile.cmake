# SPDX-License-Identifier: BSL-1.0
# An overlay port, of this checkout: vcpkg install loopwatch --overlay-ports=cmake/packaging/vcpkg
get_filename_component(SOURCE_PATH ${CMAKE_CURRENT_LIST_DIR}/../../../.. ABSOLUTE)

# Nothing is compiled before the program that uses it.
set(VCPKG_BUILD_TYPE release)

vcpkg_cmake_configure(
    SOURCE_PATH ${SOURCE_PATH}
    OPTIONS
        -DLOOPWATCH_TESTS=OFF
        -DLOOPWATCH_EXAMPLES=OFF
        -DLOOPWATCH_SYMBOLIZER=LIBBACKTRACE
        -DLOOPWATCH_LIBBACKTRACE=SYSTEM  # vcpkg's
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup()
vcpkg_fixup_pkgconfig()
vcpkg_install_copyright(FILE_LIST ${SOURCE_PATH}/LICENSE)
file(INSTALL ${CMAKE_CURRENT_LIST_DIR}/usage DESTINATION ${CURRENT_PACKAGES_DIR}/share/${PORT})
