// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

/// What the command line says.
struct settings {
    std::uint16_t port{0};  ///< 0: any that is free
    std::uint16_t admin_port{0};
    std::chrono::milliseconds threshold{100};  ///< of the monitor
    std::string log;                           ///< a file; empty: standard error
    std::string blocks;                        ///< a file for JSON lines; empty: none
    std::string black_box;  ///< a file that tells what blocked when the service is killed; empty: none
};
