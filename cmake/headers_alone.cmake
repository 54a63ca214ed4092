# SPDX-License-Identifier: BSL-1.0
#
# headers_alone(<folder> <missing> <from> <name>...): has these headers, or folders of headers, alone in a folder: for another
# machine or C library those of this machine's beside them would be of no use. Sets <missing> to the first that is not there.
function(headers_alone folder missing from)
    file(MAKE_DIRECTORY ${folder})
    set(${missing} "" PARENT_SCOPE)
    foreach(name IN LISTS ARGN)
        set(found found-NOTFOUND)
        find_path(found ${name} PATHS ${from} NO_DEFAULT_PATH NO_CACHE)
        if(NOT found)
            set(${missing} ${name} PARENT_SCOPE)
            return()
        endif()
        file(CREATE_LINK ${found}/${name} ${folder}/${name} SYMBOLIC)
    endforeach()
endfunction()
