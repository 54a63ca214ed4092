// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

// The backend that reads evidence, chosen here and nowhere else. Each offers, in namespace detail, for the watchdog
// except where noted:
//   bool thread_reader::counters(thread, thread_counters)  for every heartbeat; false: not known
//   bool thread_reader::read(thread, thread_reading)       everything, for a block; false: not known
//   thread_counters this_thread_counters()                 called by a late heartbeat on its own thread; no lock
//   process_counters process_reader::counters()            for every heartbeat
//   void process_reader::read(process_reading)             what is not known is marked as such
//   bool thread_list::list(take)                           calls take(thread) for all threads but the calling one,
//                                                          until it returns false; true: these were all
//   descriptor_reading read_descriptor(int)                what a descriptor refers to
//   bool may_wait_for_work(call_reading)                   whether a scheduler may wait for work in this call
#if LOOPWATCH_HAS_LINUX()
#include "descriptor_linux.hpp"
#include "own_counters_linux.hpp"
#include "process_reader_linux.hpp"
#include "thread_list_linux.hpp"
#include "thread_reader_linux.hpp"
#else
#include "noop.hpp"
#endif
