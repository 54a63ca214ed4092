// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/owned.hpp"
#include "../../detail/shared.hpp"
#include "../../recording.hpp"
#include "../base/atomic_pointer.hpp"
#include "../base/many.hpp"
#include "../base/process_id.hpp"
#include "frame_store.hpp"
#include "kept_reports.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The last blocks of the process, by whatever guard or monitor they were seen, for what is written at its end. There
/// is none unless something asks for one.
class block_archive {
public:
    static constexpr std::size_t most = 1000;

    /// Null: nobody has asked for one.
    static block_archive* get() { return current().load(std::memory_order_acquire); }

    /// Never destroyed: reports may come until the very end. Throws: std::bad_alloc.
    static block_archive& make()
    {
        block_archive* one = get();
        if (one == nullptr) {
            auto fresh = make_owned<block_archive>();
            if (current().compare_exchange_strong(one, fresh.get(), std::memory_order_acq_rel)) one = fresh.release();
        }
        return *one;
    }

    block_archive() = default;
    block_archive(block_archive const&) = delete;
    block_archive& operator=(block_archive const&) = delete;
    ~block_archive() = default;

    /// Held for some microseconds. A fork waits for it, so that it is free in the child.
    [[nodiscard]] LOOPWATCH_SHARED static std::mutex& mutex()
    {
        static std::mutex one;
        return one;
    }

    /// A block that is over.
    void add(report_outline const& report) noexcept
    {
        std::lock_guard const hold{mutex()};
        if (std::exchange(process_, process_id()) != process_id()) {  // in a fork's child: these are its parent's
            kept_.clear();
            left_out_ = 0;
        }
        try {
            if (kept_.size() == most) {
                take_first(kept_);
                ++left_out_;
            }
            kept_.push_back(shared<kept_report>{new kept_report{report, frames_}});
        } catch (...) {
            ++left_out_;  // out of memory
        }
    }

    /// Whether its blocks, if there are any, are this process's own, and not of the one that it was forked from.
    [[nodiscard]] bool is_own() const { return process_ == process_id(); }

    /// Whether this process is the one that made it.
    [[nodiscard]] bool is_makers() const { return maker_ == process_id(); }

    /// All that is kept, in the order in which the blocks began. The caller holds mutex(). Throws: std::bad_alloc.
    [[nodiscard]] recording all() const
    {
        recording result;
        result.left_out = left_out_;
        result.blocks.reserve(kept_.size());
        for (auto const& each : kept_) result.blocks.push_back(each->whole());
        // They were reported in the order of their ends, so few change places.
        sort_few(result.blocks, [](auto const& a, auto const& b) { return a.began_at < b.began_at; });
        return result;
    }

private:
    LOOPWATCH_SHARED static atomic_pointer<block_archive>& current()
    {
        static atomic_pointer<block_archive> one{};
        return one;
    }

    std::int64_t const maker_{process_id()};
    std::int64_t process_{process_id()};
    frame_store frames_;
    many<shared<kept_report>> kept_;
    std::uint64_t left_out_{0};
};

/// Keeps a block that is over, with its number, if anybody asks for it at the end of the process.
inline void archive(report_outline const& report) noexcept
{
    if (block_archive* const kept = block_archive::get()) kept->add(report);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
