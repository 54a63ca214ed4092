// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/many.hpp"
#include "../exact/type_names.hpp"
#include "../symbolize/handler_name.hpp"
#include "named_block.hpp"

#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What the types of operations say, each looked at once: one takes 10 us, and one of Beast's 1 ms. For one thread.
class handler_names {
public:
    /// Throws: std::bad_alloc.
    [[nodiscard]] handler_name of(std::uint32_t type)
    {
        char const* const name = operation_type_name(type);
        if (name == nullptr) return {};
        if (known_.size() <= type) known_.resize(type + std::size_t{1});
        if (!known_[type]) known_[type] = handler_name_of(name);
        return *known_[type];
    }

private:
    many<maybe<handler_name>> known_;
};

/// Names the handlers of a block. Throws: std::bad_alloc.
inline void name_handlers(named_block& block, handler_names& names)
{
    if (block.handler.known) block.handler_type = names.of(block.handler.type);
    for (std::size_t i = 0; i < block.ran_types; ++i) block.ran_as.push_back(names.of(block.ran[i].type));
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
