# SPDX-License-Identifier: BSL-1.0
# Whatever names the version names that of include/loopwatch/version.hpp: cmake -D SOURCE=<folder> -D VERSION=1.2.3 -P check_version.cmake
string(REGEX MATCH "^[0-9]+[.][0-9]+" minor "${VERSION}")
string(REPLACE . _ in_names "${VERSION}")

# names(<file> <regular expression with a group> <value>): what the group matches first in that file is the value.
function(names file pattern value)
    file(READ ${SOURCE}/${file} text)
    if(NOT text MATCHES "${pattern}")
        message(SEND_ERROR "${file} names no version: nothing matches ${pattern}")
    elseif(NOT CMAKE_MATCH_1 STREQUAL value)
        message(SEND_ERROR "${file} has ${CMAKE_MATCH_1}, and include/loopwatch/version.hpp says ${value}")
    endif()
endfunction()

names(CHANGELOG.md "\n## ([0-9.]+)" ${VERSION})
names(README.md "find_package.loopwatch ([0-9.]+)" ${minor})
names(include/loopwatch/detail/config.hpp "// +v([0-9_]+) +the version" ${in_names})
names(docs/design.md "inline namespace is `v([0-9]+_[0-9]+_[0-9]+)_" ${in_names})
names(docs/building.md "find_package.loopwatch ([0-9.]+)" ${minor})
names(docs/building.md "`loopwatch/([0-9.]+)`" ${VERSION})
names(cmake/packaging/vcpkg/loopwatch/vcpkg.json "\"version\": \"([0-9.]+)\"" ${VERSION})
