# SPDX-License-Identifier: BSL-1.0
# Whatever names the version names that of include/loopwatch/version.hpp: cmake -D SOURCE=<folder> -D VERSION=1.2.3 -P check_version.cmake
string(REGEX MATCH "^[0-9]+[.][0-9]+" minor "${VERSION}")
string(REPLACE . _ in_names "${VERSION}")

# names(<file> <regular expression with a group> <value>): wherever the expression matches in that file, and somewhere it does, its
# group is the value.
function(names file pattern value)
    file(READ ${SOURCE}/${file} text)
    string(REGEX MATCHALL "${pattern}" all "${text}")
    if(NOT all)
        message(SEND_ERROR "${file} names no version: nothing matches ${pattern}")
    endif()
    foreach(each IN LISTS all)
        string(REGEX REPLACE "${pattern}" "\\1" named "${each}")
        if(NOT named STREQUAL value)
            message(SEND_ERROR "${file} has ${named}, and include/loopwatch/version.hpp says ${value}")
        endif()
    endforeach()
endfunction()

# Of the changelog's headings the topmost.
file(READ ${SOURCE}/CHANGELOG.md text)
if(NOT text MATCHES "\n## ([0-9.]+)" OR NOT CMAKE_MATCH_1 STREQUAL VERSION)
    message(SEND_ERROR "CHANGELOG.md begins with ${CMAKE_MATCH_1}, and include/loopwatch/version.hpp says ${VERSION}")
endif()
names(README.md "find_package.loopwatch ([0-9.]+)" ${minor})
names(include/loopwatch/detail/config.hpp "// +v([0-9_]+) +the version" ${in_names})
names(docs/design.md "inline namespace is `v([0-9]+_[0-9]+_[0-9]+)_" ${in_names})
names(docs/building.md "find_package.loopwatch ([0-9.]+)" ${minor})
names(docs/building.md "loopwatch/.~([0-9.]+)" ${minor})
names(cmake/packaging/vcpkg/loopwatch/vcpkg.json "\"version\": \"([0-9.]+)\"" ${VERSION})
