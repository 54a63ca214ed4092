// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "../base/by_number.hpp"
#include "../base/many.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A frame that several stacks share.
struct shared_frame : counted {
    explicit shared_frame(frame const& one) : what{one} {}

    frame const what;
};

using shared_stack = many<shared<shared_frame>>;

/// Keeps equal frames once, however many stacks they are in: a program blocks at few places, and the names of one stack
/// take some 10 KB. Frames that no stack has any more go when the store is full, which is at twice what was in use the
/// last time.
///
/// To be used by one thread. The stacks may be released on any.
class frame_store {
public:
    /// Throws: std::bad_alloc.
    [[nodiscard]] shared<shared_frame> operator()(frame const& f)
    {
        std::uint64_t const number = number_of(f);
        std::size_t const place = places_.find(number);
        if (place != number_index::none && frames_[place]->what == f) return frames_[place];
        shared<shared_frame> fresh{new shared_frame{f}};
        if (place != number_index::none) return fresh;  // its number is taken: it is shared with no other stack
        if (frames_.size() == room_) forget_unused();
        frames_.push_back(fresh);
        places_.add(number, frames_.size() - 1);  // if it throws, the frame is not found, and goes as unused
        return fresh;
    }

    [[nodiscard]] std::size_t size() const { return frames_.size(); }

    static constexpr std::size_t least_room = 256;

private:
    static std::uint64_t number_of(frame const& f)
    {
        std::uint64_t number = std::hash<std::string_view>{}(f.function);
        auto const mix = [&](std::uint64_t part) { number = (number ^ part) * 0x100000001b3U; };
        mix(f.address);
        mix(f.line);
        mix(static_cast<std::uint64_t>(f.origin) << 1 | (f.outside ? 1U : 0U));
        return number;
    }

    void forget_unused()
    {
        places_.clear();
        remove_if(frames_, [](shared<shared_frame> const& each) { return !each->is_shared(); });
        room_ = 2 * frames_.size() < least_room ? least_room : 2 * frames_.size();
        for (std::size_t i = 0; i < frames_.size(); ++i) places_.add(number_of(frames_[i]->what), i);
    }

    many<shared<shared_frame>> frames_;
    number_index places_;  // in frames_, by number_of()
    std::size_t room_{least_room};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
