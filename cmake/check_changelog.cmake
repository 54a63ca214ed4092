# SPDX-License-Identifier: BSL-1.0
# cmake -D FILE=CHANGELOG.md -D VERSION=1.2.3 -P check_changelog.cmake
if(NOT EXISTS "${FILE}")
    message(FATAL_ERROR "There is no ${FILE}; it must have an entry for version ${VERSION} (include/loopwatch/version.hpp)")
endif()
file(READ "${FILE}" text)
string(REPLACE "." "\\." pattern "${VERSION}")
if(NOT text MATCHES "(^|\n)#+ *\\[?v?${pattern}([^0-9.]|$)")
    message(FATAL_ERROR "${FILE} has no heading for version ${VERSION}, which is what include/loopwatch/version.hpp says")
endif()
