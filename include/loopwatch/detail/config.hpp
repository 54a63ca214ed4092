// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../version.hpp"

// Every macro of the library. Features are function-like and give 0 or 1, so that a misspelt one does not compile.
//
// What a program may define, the same in all of its translation units (LOOPWATCH_ABI below makes a mix a link error):
//   LOOPWATCH_SEPARATE_COMPILATION   one source file includes loopwatch/src.hpp, and the others only declarations; the
//                                    CMake target loopwatch::loopwatch defines it
//   LOOPWATCH_NO_CAPTURE             never signal a thread: blocks are reported without a stack
//   LOOPWATCH_LIBDW                  read debug information by elfutils' libdw and not by libbacktrace; defined by the
//                                    CMake targets where libdw is found
//   LOOPWATCH_PORTABLE               use standard C++ only, as on a platform that loopwatch does not know
// What it may define in some of them:
//   LOOPWATCH_BOOST_ASIO             loopwatch.hpp takes Boost.Asio, also where standalone Asio is installed

#if defined(_MSVC_LANG) ? _MSVC_LANG < 202002L : __cplusplus < 202002L
#error "loopwatch needs C++20: compile with -std=c++20 or later"
#endif

// A file that is compiled with -fno-exceptions may have a guard, but not the implementation. After this error what
// follows declares only, else there were hundreds more.
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define LOOPWATCH_HAS_EXCEPTIONS() 1
#else
#define LOOPWATCH_HAS_EXCEPTIONS() 0
#if !defined(LOOPWATCH_SEPARATE_COMPILATION)
#error \
    "loopwatch with headers alone needs exceptions. With -fno-exceptions link loopwatch::loopwatch, or define LOOPWATCH_SEPARATE_COMPILATION for all files and compile one that includes loopwatch/src.hpp with -fexceptions"
#define LOOPWATCH_SEPARATE_COMPILATION
#endif
#endif

// Without threads a context takes no locks, and hangs when the watchdog posts to it.
#if defined(ASIO_DISABLE_THREADS)
#error "loopwatch can't watch what is compiled with ASIO_DISABLE_THREADS: heartbeats are posted by another thread"
#endif
#if defined(BOOST_ASIO_DISABLE_THREADS)
#error "loopwatch can't watch what is compiled with BOOST_ASIO_DISABLE_THREADS: heartbeats are posted by another thread"
#endif

#if defined(__linux__) && !defined(LOOPWATCH_PORTABLE)
#define LOOPWATCH_HAS_LINUX() 1
#else
#define LOOPWATCH_HAS_LINUX() 0
#endif

#if defined(_WIN32) && !defined(LOOPWATCH_PORTABLE)
#define LOOPWATCH_HAS_WINDOWS() 1
#else
#define LOOPWATCH_HAS_WINDOWS() 0
#endif

// The machines whose system calls are known here: 64 bits, little-endian.
#if LOOPWATCH_HAS_LINUX() && defined(__x86_64__) && !defined(__ILP32__)
#define LOOPWATCH_HAS_LINUX_X86_64() 1
#else
#define LOOPWATCH_HAS_LINUX_X86_64() 0
#endif

#if LOOPWATCH_HAS_LINUX() && defined(__AARCH64EL__) && !defined(__ILP32__)
#define LOOPWATCH_HAS_LINUX_AARCH64() 1
#else
#define LOOPWATCH_HAS_LINUX_AARCH64() 0
#endif

// The same machines unless captures are disabled: unwinding must know their registers.
#if LOOPWATCH_HAS_LINUX_X86_64() && !defined(LOOPWATCH_NO_CAPTURE)
#define LOOPWATCH_HAS_X86_64() 1
#else
#define LOOPWATCH_HAS_X86_64() 0
#endif

#if LOOPWATCH_HAS_LINUX_AARCH64() && !defined(LOOPWATCH_NO_CAPTURE)
#define LOOPWATCH_HAS_AARCH64() 1
#else
#define LOOPWATCH_HAS_AARCH64() 0
#endif

#define LOOPWATCH_HAS_UNWINDER() (LOOPWATCH_HAS_X86_64() || LOOPWATCH_HAS_AARCH64())
#define LOOPWATCH_HAS_SIGNAL_CAPTURE() LOOPWATCH_HAS_UNWINDER()

// _dl_find_object() is in glibc since 2.35, and takes no lock.
#if LOOPWATCH_HAS_UNWINDER() && __has_include(<features.h>)
#include <features.h>
#endif
#if defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 35)
#define LOOPWATCH_HAS_DL_FIND_OBJECT() 1
#else
#define LOOPWATCH_HAS_DL_FIND_OBJECT() 0
#endif
#else
#define LOOPWATCH_HAS_DL_FIND_OBJECT() 0
#endif

// Which library reads the debug information: elfutils' libdw, or libbacktrace.
#if defined(LOOPWATCH_LIBDW)
#define LOOPWATCH_HAS_LIBDW() 1
#else
#define LOOPWATCH_HAS_LIBDW() 0
#endif

#if (defined(__unix__) || defined(__APPLE__)) && !defined(LOOPWATCH_PORTABLE)
#define LOOPWATCH_HAS_FORK() 1
#else
#define LOOPWATCH_HAS_FORK() 0
#endif

#if defined(__SANITIZE_THREAD__)
#define LOOPWATCH_HAS_TSAN() 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LOOPWATCH_HAS_TSAN() 1
#else
#define LOOPWATCH_HAS_TSAN() 0
#endif
#else
#define LOOPWATCH_HAS_TSAN() 0
#endif

// Marks process-wide state, which must be one object however many shared libraries include these headers, even if they
// are built with -fvisibility=hidden: two watchdogs would use the same signal.
#if defined(__GNUC__)
#define LOOPWATCH_SHARED [[gnu::visibility("default")]]
#else
#define LOOPWATCH_SHARED
#endif

// Marks code that runs in a signal handler, which may have interrupted a sanitizer's own runtime.
#if defined(__clang__)
#define LOOPWATCH_UNINSTRUMENTED __attribute__((disable_sanitizer_instrumentation, noinline))
#elif defined(__GNUC__)
#define LOOPWATCH_UNINSTRUMENTED \
    __attribute__((no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined"), noinline))
#else
#define LOOPWATCH_UNINSTRUMENTED
#endif

// The outer end of the current function's stack frame: frames of its calls are below. 0 where it can't be had.
#if defined(__GNUC__)
#define LOOPWATCH_THIS_FRAME() reinterpret_cast<std::uintptr_t>(__builtin_dwarf_cfa())
#else
#define LOOPWATCH_THIS_FRAME() std::uintptr_t{0}
#endif

// Marks a function that only names an expression, and is always inlined. Without optimization a compiler keeps each
// function of each type as a section with relocations, and its name four times: a kilobyte for a size().
#if defined(__GNUC__)
#define LOOPWATCH_INLINED [[gnu::always_inline]] inline
#else
#define LOOPWATCH_INLINED inline
#endif

// Marks a function that users' code calls: compiled once with separate compilation, else in every file that needs it.
#if defined(LOOPWATCH_SEPARATE_COMPILATION)
#define LOOPWATCH_HAS_SEPARATE_COMPILATION() 1
#define LOOPWATCH_DECL
#else
#define LOOPWATCH_HAS_SEPARATE_COMPILATION() 0
#define LOOPWATCH_DECL inline
#endif

// A file with headers only and one with separate compilation need nothing of each other, so a mix would link, and run
// two watchdogs. So both kinds define one symbol, thread-local in one kind only, which linkers refuse.
#if defined(__ELF__) && defined(__GNUC__)
extern "C" {
#if LOOPWATCH_HAS_SEPARATE_COMPILATION()
[[gnu::used, gnu::visibility("hidden")]] inline char loopwatch_is_header_only_in_some_files_and_not_in_others = 0;
#else
[[gnu::used,
  gnu::visibility("hidden")]] inline thread_local char loopwatch_is_header_only_in_some_files_and_not_in_others = 0;
#endif
}
#endif

// The inline namespace: files built differently share no symbols, so a mix is a link error that names the difference.
// The parts of every build are short, as without optimization each function's name is four times in an object:
//   v0_2_0     the version
//   _h         header only; else compiled once
//   _bt, _dw   debug information is read by libbacktrace, by libdw; neither: no stacks
#if defined(LOOPWATCH_SEPARATE_COMPILATION)
#define LOOPWATCH_ABI_WAY
#else
#define LOOPWATCH_ABI_WAY _h
#endif
#if !LOOPWATCH_HAS_UNWINDER()
#define LOOPWATCH_ABI_SYMBOLIZER
#elif LOOPWATCH_HAS_LIBDW()
#define LOOPWATCH_ABI_SYMBOLIZER _dw
#else
#define LOOPWATCH_ABI_SYMBOLIZER _bt
#endif
#if defined(LOOPWATCH_PORTABLE)
#define LOOPWATCH_ABI_PLATFORM _portable
#else
#define LOOPWATCH_ABI_PLATFORM
#endif
#if defined(LOOPWATCH_NO_CAPTURE)
#define LOOPWATCH_ABI_CAPTURE _no_capture
#else
#define LOOPWATCH_ABI_CAPTURE
#endif
#if defined(_GLIBCXX_DEBUG)
#define LOOPWATCH_ABI_CONTAINERS _glibcxx_debug
#else
#define LOOPWATCH_ABI_CONTAINERS
#endif
// libstdc++'s old strings, of before gcc 5: its own tag is only on functions with a string in their signature.
#include <version>
#if defined(_GLIBCXX_USE_CXX11_ABI) && !_GLIBCXX_USE_CXX11_ABI
#define LOOPWATCH_ABI_STRINGS _old_strings
#else
#define LOOPWATCH_ABI_STRINGS
#endif
#define LOOPWATCH_ABI_PASTE(major, minor, patch, way, symbolizer, platform, capture, containers, strings) \
    v##major##_##minor##_##patch##way##symbolizer##platform##capture##containers##strings
#define LOOPWATCH_ABI_NAME(...) LOOPWATCH_ABI_PASTE(__VA_ARGS__)
#define LOOPWATCH_ABI                                                                                                \
    LOOPWATCH_ABI_NAME(LOOPWATCH_VERSION_MAJOR, LOOPWATCH_VERSION_MINOR, LOOPWATCH_VERSION_PATCH, LOOPWATCH_ABI_WAY, \
                       LOOPWATCH_ABI_SYMBOLIZER, LOOPWATCH_ABI_PLATFORM, LOOPWATCH_ABI_CAPTURE,                      \
                       LOOPWATCH_ABI_CONTAINERS, LOOPWATCH_ABI_STRINGS)
