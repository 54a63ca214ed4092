// SPDX-License-Identifier: BSL-1.0
//
// Exact mode: the header for ASIO_CUSTOM_HANDLER_TRACKING and BOOST_ASIO_CUSTOM_HANDLER_TRACKING, which Asio itself
// includes. By it each thread writes down which handler it runs, and since when. For all files of a program, or for
// none: with CMake link loopwatch::exact, without it compile everything with
//
//     -DASIO_CUSTOM_HANDLER_TRACKING='<loopwatch/exact_tracking.hpp>'
//     -DBOOST_ASIO_CUSTOM_HANDLER_TRACKING='<loopwatch/exact_tracking.hpp>'
//
// Operations are laid out differently by it, so a mix must not link. Each file that has it, and each that has Asio and
// loopwatch without it, defines one symbol, thread-local without it, which linkers refuse. Files with Asio alone are
// found when the first watch begins: impl/exact/untracked_files.hpp.
//
// Costs the loop: 5 ns a handler. Where loopwatch can't unwind stacks (other than Linux on x86-64 and aarch64) it does
// nothing, and loops are watched by heartbeats.

#ifndef LOOPWATCH_EXACT_TRACKING_HPP
#define LOOPWATCH_EXACT_TRACKING_HPP

#if defined(__linux__) && defined(__GNUC__) && !defined(LOOPWATCH_PORTABLE) && !defined(LOOPWATCH_NO_CAPTURE) && \
    !defined(__ILP32__) && (defined(__x86_64__) || defined(__AARCH64EL__))
#define LOOPWATCH_TRACKS_HANDLERS() 1
#else
#define LOOPWATCH_TRACKS_HANDLERS() 0
#endif

#if LOOPWATCH_TRACKS_HANDLERS() && __cplusplus < 201703L  // one error, and none of what would follow
#error "loopwatch's exact mode needs C++17 in every file that includes Asio: compile with -std=c++17 or later"
#undef LOOPWATCH_TRACKS_HANDLERS
#define LOOPWATCH_TRACKS_HANDLERS() 0
#endif

#if LOOPWATCH_TRACKS_HANDLERS()
#include "detail/exact/completion.hpp"
#include "detail/exact/start.hpp"
#endif

#endif

#if defined(ASIO_CUSTOM_HANDLER_TRACKING) && !defined(ASIO_HANDLER_COMPLETION)
#if defined(ASIO_DETAIL_HANDLER_TRACKING_HPP) && __has_include(<asio/detail/source_location.hpp>)
#include <asio/detail/source_location.hpp>  // experimental/use_coro.hpp of Asio 1.22 takes it for included
#endif
#if LOOPWATCH_TRACKS_HANDLERS()
#define LOOPWATCH_TRACKS_ASIO
extern "C" {
[[gnu::used, gnu::visibility("hidden")]] inline char loopwatch_exact_has_asio_in_some_files_and_not_in_others = 0;
}
#define ASIO_INHERIT_TRACKED_HANDLER : public ::loopwatch::exact::tracked
#define ASIO_ALSO_INHERIT_TRACKED_HANDLER , public ::loopwatch::exact::tracked
#define ASIO_HANDLER_LOCATION(args) ::loopwatch::exact::location const loopwatch_location args
#define ASIO_HANDLER_CREATION(args) ::loopwatch::exact::created args
#define ASIO_HANDLER_COMPLETION(args) ::loopwatch::exact::completion const loopwatch_completion args
#define ASIO_HANDLER_REACTOR_OPERATION(args) ::loopwatch::exact::performed args
#else
#define ASIO_INHERIT_TRACKED_HANDLER
#define ASIO_ALSO_INHERIT_TRACKED_HANDLER
#define ASIO_HANDLER_LOCATION(args) (void)0
#define ASIO_HANDLER_CREATION(args) (void)0
#define ASIO_HANDLER_COMPLETION(args) (void)0
#define ASIO_HANDLER_REACTOR_OPERATION(args) (void)0
#endif
#define ASIO_HANDLER_TRACKING_INIT (void)0
#define ASIO_HANDLER_INVOCATION_BEGIN(args) (void)0
#define ASIO_HANDLER_INVOCATION_END (void)0
#define ASIO_HANDLER_OPERATION(args) (void)0
#define ASIO_HANDLER_REACTOR_REGISTRATION(args) (void)0
#define ASIO_HANDLER_REACTOR_DEREGISTRATION(args) (void)0
#define ASIO_HANDLER_REACTOR_EVENTS(args) (void)0
#define ASIO_HANDLER_REACTOR_READ_EVENT 1
#define ASIO_HANDLER_REACTOR_WRITE_EVENT 2
#define ASIO_HANDLER_REACTOR_ERROR_EVENT 4
#endif

#if defined(BOOST_ASIO_CUSTOM_HANDLER_TRACKING) && !defined(BOOST_ASIO_HANDLER_COMPLETION)
#if defined(BOOST_ASIO_DETAIL_HANDLER_TRACKING_HPP) && __has_include(<boost/asio/detail/source_location.hpp>)
#include <boost/asio/detail/source_location.hpp>  // as above
#endif
#if LOOPWATCH_TRACKS_HANDLERS()
#define LOOPWATCH_TRACKS_BOOST_ASIO
extern "C" {
[[gnu::used, gnu::visibility("hidden")]] inline char loopwatch_exact_has_boost_asio_in_some_files_and_not_in_others = 0;
}
#define BOOST_ASIO_INHERIT_TRACKED_HANDLER : public ::loopwatch::exact::tracked
#define BOOST_ASIO_ALSO_INHERIT_TRACKED_HANDLER , public ::loopwatch::exact::tracked
#define BOOST_ASIO_HANDLER_LOCATION(args) ::loopwatch::exact::location const loopwatch_location args
#define BOOST_ASIO_HANDLER_CREATION(args) ::loopwatch::exact::created args
#define BOOST_ASIO_HANDLER_COMPLETION(args) ::loopwatch::exact::completion const loopwatch_completion args
#define BOOST_ASIO_HANDLER_REACTOR_OPERATION(args) ::loopwatch::exact::performed args
#else
#define BOOST_ASIO_INHERIT_TRACKED_HANDLER
#define BOOST_ASIO_ALSO_INHERIT_TRACKED_HANDLER
#define BOOST_ASIO_HANDLER_LOCATION(args) (void)0
#define BOOST_ASIO_HANDLER_CREATION(args) (void)0
#define BOOST_ASIO_HANDLER_COMPLETION(args) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_OPERATION(args) (void)0
#endif
#define BOOST_ASIO_HANDLER_TRACKING_INIT (void)0
#define BOOST_ASIO_HANDLER_INVOCATION_BEGIN(args) (void)0
#define BOOST_ASIO_HANDLER_INVOCATION_END (void)0
#define BOOST_ASIO_HANDLER_OPERATION(args) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_REGISTRATION(args) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_DEREGISTRATION(args) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_EVENTS(args) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_READ_EVENT 1
#define BOOST_ASIO_HANDLER_REACTOR_WRITE_EVENT 2
#define BOOST_ASIO_HANDLER_REACTOR_ERROR_EVENT 4
#endif
