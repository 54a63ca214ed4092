// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>  // Boost.Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <mutex>
#include <string>

// What a service should not call on a loop. None of these looks dangerous where it is called.

/// Of so many rounds.
[[nodiscard]] std::uint64_t digest_of(unsigned rounds);

/// Computes for some 150 ms.
void compute_report();

/// For some 250 ms.
void import_catalogue();

/// Asks the configuration server, which answers after 200 ms.
[[nodiscard]] std::string fetch_config();

/// Takes some 200 ms, in which others wait for what it holds. In the pool, where that is no harm.
void export_catalogue();

/// Waits for the mutex.
void look_up(std::mutex& catalogue);

/// Writes to a disk, and waits until that has it: for as long as it takes.
void write_audit_record();

/// One of many: takes a millisecond.
void send_a_notification();

/// Waits for what only this loop can do, and gives up after two seconds.
void wait_for_own_loop(boost::asio::io_context& loop);
