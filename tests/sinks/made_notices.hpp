// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>

#include <loopwatch/block_notice.hpp>

/// The notice of a block of this number, of which nothing else is known.
inline std::shared_ptr<loopwatch::block_notice const> notice_of(std::uint64_t number)
{
    auto made = std::make_shared<loopwatch::block_notice>();
    made->report.number = number;
    return made;
}
