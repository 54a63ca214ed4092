// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

// The capture backend, chosen here and nowhere else. Each offers, in namespace detail:
//   bool request_capture(thread, request, snapshot)  true: done; else poll
//   bool poll(request, snapshot)                     true once it was answered; then the request is over
//   void revoke(request, snapshot)                   end it at once; afterwards nothing writes to it any more
//   void capture_own_stack(snapshot)                 of the calling thread, not in a signal handler
//   void reserve_capture()                           before the watchdog starts; allocates
//   void prepare_capture()                           on the watchdog, before the first request
//   void hold_captures(), let_captures_go()          around a fork: no lock of it is taken by another thread
//   void forget_captures()                           in the child of a fork, where nobody will answer
#if LOOPWATCH_HAS_SIGNAL_CAPTURE()
#include "capture_linux.hpp"
#else
#include "noop.hpp"
#endif
