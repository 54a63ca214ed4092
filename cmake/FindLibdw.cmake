# SPDX-License-Identifier: BSL-1.0
#
# Finds elfutils' libdw (LGPL-3 or GPL-2, linked dynamically) as the target Libdw::Libdw.
include(FindPackageHandleStandardArgs)
find_path(Libdw_INCLUDE_DIR elfutils/libdwfl.h)
find_library(Libdw_LIBRARY dw)
find_library(Libdw_ELF_LIBRARY elf)
mark_as_advanced(Libdw_INCLUDE_DIR Libdw_LIBRARY Libdw_ELF_LIBRARY)
find_package_handle_standard_args(Libdw REQUIRED_VARS Libdw_LIBRARY Libdw_ELF_LIBRARY Libdw_INCLUDE_DIR)
if(Libdw_FOUND AND NOT TARGET Libdw::Libdw)
    add_library(Libdw::Libdw INTERFACE IMPORTED GLOBAL)
    target_include_directories(Libdw::Libdw INTERFACE ${Libdw_INCLUDE_DIR})
    target_link_libraries(Libdw::Libdw INTERFACE ${Libdw_LIBRARY} ${Libdw_ELF_LIBRARY})
endif()
