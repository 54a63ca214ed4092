# SPDX-License-Identifier: BSL-1.0
# cmake -D CHECKOUT=<folder> -D WORK=<folder> -P check_meson.cmake
# The library that reads debug information is the one that Meson's option says.
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/run.cmake)
file(REMOVE_RECURSE ${WORK})

# configured(<symbolizer> <what the compiler is told just before the way> <library>...)
function(configured symbolizer told)
    must_run(meson setup ${WORK}/${symbolizer} ${CHECKOUT} -Dsymbolizer=${symbolizer})
    foreach(library IN LISTS ARGN)
        if(NOT output MATCHES "Library ${library} found: YES")
            message(FATAL_ERROR "-Dsymbolizer=${symbolizer} finds no ${library}:\n${output}")
        endif()
    endforeach()
    file(READ ${WORK}/${symbolizer}/compile_commands.json commands)
    if(NOT commands MATCHES " ${told} -DLOOPWATCH_SEPARATE_COMPILATION ")
        message(FATAL_ERROR "-Dsymbolizer=${symbolizer} is not compiled with ${told}:\n${commands}")
    endif()
endfunction()

configured(libbacktrace -pthread backtrace)
configured(libdw -DLOOPWATCH_LIBDW dw elf)

# A program without exceptions: the implementation has them.
must_run(meson setup ${WORK}/without_exceptions ${CHECKOUT} -Dcpp_eh=none)
file(READ ${WORK}/without_exceptions/compile_commands.json commands)
if(NOT commands MATCHES " -fno-exceptions .* -fexceptions ")
    message(FATAL_ERROR "With -Dcpp_eh=none the implementation is compiled without exceptions:\n${commands}")
endif()
