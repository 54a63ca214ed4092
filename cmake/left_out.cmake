# SPDX-License-Identifier: BSL-1.0
#
# left_out(<what> <why>): a test that tells at the end of each run that others are left out on this machine. Continuous
# integration must have them all, so there it fails.
if(CMAKE_SCRIPT_MODE_FILE)
    if("$ENV{CI}" STREQUAL "true")
        message(FATAL_ERROR "${WHY}")
    endif()
    message("Left out here: ${WHY}")
    return()
endif()
set(left_out_script ${CMAKE_CURRENT_LIST_FILE})
function(left_out what why)
    add_test(NAME "left out: ${what}" COMMAND ${CMAKE_COMMAND} -D "WHY=${why}" -P ${left_out_script})
    set_tests_properties("left out: ${what}" PROPERTIES SKIP_REGULAR_EXPRESSION "Left out here" LABELS "${ARGN}")
endfunction()
