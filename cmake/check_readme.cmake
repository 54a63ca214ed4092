# SPDX-License-Identifier: BSL-1.0
# The program that opens the README is examples/minimal.cpp, to the letter.
file(READ ${README} readme)
file(READ ${PROGRAM} program)
string(REGEX REPLACE "^// SPDX[^\n]*\n" "" program "${program}")
string(FIND "${readme}" "```cpp\n${program}```" at)
if(at EQUAL -1)
    message(FATAL_ERROR "README.md does not show ${PROGRAM} as it is")
endif()
