// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

// Where evidence is read, chosen here and nowhere else. Each offers, in namespace detail, for the watchdog alone:
//   bool thread_reader::counters(thread, thread_counters)  for every heartbeat; false: not known
//   bool thread_reader::read(thread, thread_reading)       everything, for a block; false: not known
//   thread_counters this_thread_counters()                 for a heartbeat that ran late, by itself; no lock
//   process_counters process_reader::counters()            for every heartbeat
//   void process_reader::read(process_reading)             what is not known stays at that
//   bool thread_list::list(take)                           calls take(thread) for all but the calling one, until it
//   says
//                                                          false; true: these were all
//   bool may_wait_for_work(call_reading)                   whether a scheduler waits in this call
#if LOOPWATCH_HAS_LINUX()
#include "own_counters_linux.hpp"
#include "process_reader_linux.hpp"
#include "thread_list_linux.hpp"
#include "thread_reader_linux.hpp"
#else
#include "noop.hpp"
#endif
