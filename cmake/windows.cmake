# SPDX-License-Identifier: BSL-1.0
# Windows, on another system: built with MinGW (Debian: g++-mingw-w64-x86-64-posix), and run by wine.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)  # wine would not find the compiler's libraries
set(CMAKE_CROSSCOMPILING_EMULATOR ${CMAKE_CURRENT_LIST_DIR}/run_in_wine ${CMAKE_BINARY_DIR}/wine)
