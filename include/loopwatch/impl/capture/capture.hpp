// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

// The capture backend, chosen here and nowhere else. Each offers, in namespace detail:
//   bool request_capture(thread, request, snapshot)  true: done; false: call poll()
//   bool poll(request, snapshot)                     true: the request is over
//   void revoke(request, snapshot)                   ends the request; afterwards no signal handler writes for it
//   void capture_own_stack(snapshot)                 of the calling thread, not in a signal handler
//   void reserve_capture()                           before the watchdog starts; allocates
//   void prepare_capture()                           on the watchdog, before the first request
//   void lock_captures(), unlock_captures()          around a fork, so that the child finds no lock of it taken
//   void forget_captures()                           in the child of a fork: drops all requests
//   std::string why_no_capture()                     "" if captures work
//   void choose_capture_signal(signal)               see use_capture_signal()
#if LOOPWATCH_HAS_SIGNAL_CAPTURE()
#include "capture_linux.hpp"
#else
#include "noop.hpp"
#endif
