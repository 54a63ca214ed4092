// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The frames of a stack. Copies share them: a program blocks at few places, and to copy the names of one stack takes
/// as long as all else that is done about a block. One that is changed gets frames of its own.
///
/// To be used by one thread.
class frame_list {
public:
    frame_list() noexcept = default;
    frame_list(std::vector<frame> frames) : kept_{new kept} { kept_->frames = std::move(frames); }

    [[nodiscard]] frame const* data() const noexcept { return kept_ ? kept_->frames.data() : nullptr; }
    [[nodiscard]] std::size_t size() const noexcept { return kept_ ? kept_->frames.size() : 0; }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    [[nodiscard]] frame const* begin() const noexcept { return data(); }
    [[nodiscard]] frame const* end() const noexcept { return data() + size(); }
    [[nodiscard]] frame const& operator[](std::size_t i) const noexcept { return data()[i]; }
    [[nodiscard]] frame const& front() const noexcept { return data()[0]; }

    void clear() noexcept { kept_.reset(); }

    /// Throws: std::bad_alloc.
    void insert(frame const* before, frame const& one)
    {
        std::vector<frame> changed = whole();
        changed.insert(changed.begin() + (before - data()), one);
        *this = frame_list{std::move(changed)};
    }

    /// A copy that shares nothing. Throws: std::bad_alloc.
    [[nodiscard]] std::vector<frame> whole() const { return {begin(), end()}; }

    /// What is made of these frames: by `make`, which changes a vector of them, the first time. Always to be called
    /// with the same. Throws: std::bad_alloc.
    template <typename Make>
    [[nodiscard]] frame_list derived(Make const& make) const
    {
        if (!kept_) return {};
        if (!kept_->derived) {
            frame_list const made{kept_->frames};
            make(made.kept_->frames);
            kept_->derived = made.kept_;
        }
        frame_list other;
        other.kept_ = kept_->derived;
        return other;
    }

    /// Something that was made of these frames, and that is of use as long as anybody has them.
    struct attachment : counted {
        attachment() = default;
        attachment(attachment const&) = delete;
        attachment& operator=(attachment const&) = delete;
        virtual ~attachment() = default;
    };
    /// Null: nothing was attached yet. Not of an empty list.
    [[nodiscard]] shared<attachment>& attached() const noexcept { return kept_->attached; }

private:
    struct kept : counted {
        std::vector<frame> frames;
        shared<kept> derived;
        shared<attachment> attached;
    };

    shared<kept> kept_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
