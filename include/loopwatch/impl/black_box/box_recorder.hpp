// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../detail/owned.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../base/process_id.hpp"
#include "../base/view.hpp"
#include "../block/block_recorder.hpp"
#include "../symbolize/module_place.hpp"
#include "block_bytes.hpp"
#include "box_layout.hpp"
#include "bytes.hpp"
#include "process_bytes.hpp"
#include "report_bytes.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Writes a black box into memory.
class box_recorder final : public block_recorder {
public:
    /// What lists this process's modules, if any were loaded or unloaded since. Throws: std::bad_alloc.
    using modules_finder = bool (*)(module_changes& since, many<module_place>& to);

    /// The memory has layout.size() bytes, all zero. Throws: std::bad_alloc.
    box_recorder(owned<box_memory> memory, box_layout const& layout, recorded_process const& process,
                 modules_finder find_modules)
        : memory_{std::move(memory)},
          bytes_{memory_->bytes()},
          layout_{layout},
          find_modules_{find_modules},
          places_{new place[layout.places]}
    {
        layout_.write(bytes_.first(box_layout::page));
        view<std::byte> const room = bytes_.subspan(layout_.process_at, layout_.process_size);
        byte_writer to{box_record::begin(room)};
        fields(to, process);
        box_record::finish(room, box_record::kind::process, 1, to.size());
        memory_->changed(0, layout_.places_at);
    }
    box_recorder(box_recorder const&) = delete;
    box_recorder& operator=(box_recorder const&) = delete;
    /// What it has is whole.
    ~box_recorder() override
    {
        if (is_here()) store(box_layout::closed_at, 1);
        delete[] places_;
    }

    /// False in the child of a fork: it must not write to what the parent writes.
    [[nodiscard]] bool is_here() const { return process_ == process_id(); }

    void record_modules() noexcept override
    {
        if (!is_here()) return;
        std::lock_guard const hold{modules_mutex_};
        many<module_place> modules;
        try {
            if (!find_modules_(modules_since_, modules)) return;
        } catch (...) {
            modules_since_ = {};
            return;
        }
        std::size_t const at = layout_.modules_at + (++modules_written_ % 2) * layout_.module_size;
        view<std::byte> const room = bytes_.subspan(at, layout_.module_size);
        byte_writer to{box_record::begin(room)};
        write(to, view<module_place const>{modules});
        box_record::finish(room, box_record::kind::modules, modules_written_, to.size());
        memory_->changed(at, box_record::head + to.size());
    }

    [[nodiscard]] std::size_t record(std::size_t at, block_under_way const& block) noexcept override
    {
        if (!is_here()) return none;
        if (at == none) at = take_place();
        if (at == none) {
            count_lost();
            return none;
        }
        place& p = places_[at];
        p.whose = block.whose;
        p.sent_at = block.sent_at;
        // The other copy stays whole meanwhile.
        p.copy = 1 - p.copy;
        view<std::byte> const copy = copy_of(at);
        view<std::byte> const room = copy.subspan(box_block_state::size, copy.size() - box_block_state::size);
        byte_writer to{box_record::begin(room)};
        write(to, block);
        store_state(copy, box_block_state::length_at, block.length.at_least);
        store_state(copy, box_block_state::seen_at_at, block.now.time_since_epoch());
        store_number(copy.data() + box_block_state::phase_at, number(box_block_state::phase::lasts));
        if (to.fits()) {
            box_record::finish(room, box_record::kind::block, ++written_, to.size());
        } else {
            p.copy = 1 - p.copy;
            count_lost();
        }
        store(box_layout::used_at, written_);
        memory_->changed(offset_of(copy), box_block_state::size + box_record::head + to.size());
        return at;
    }

    void record_length(std::size_t at, nanoseconds at_least, time_point now) noexcept override
    {
        if (at == none || !is_here()) return;
        view<std::byte> const copy = copy_of(at);
        store_state(copy, box_block_state::length_at, at_least);
        store_state(copy, box_block_state::seen_at_at, now.time_since_epoch());
        memory_->changed(offset_of(copy), box_block_state::size);
    }

    void record_end(std::size_t at, bool to_be_reported, time_point now) noexcept override
    {
        if (at == none || !is_here()) return;
        view<std::byte> const copy = copy_of(at);
        if (to_be_reported) {
            store_state(copy, box_block_state::seen_at_at, now.time_since_epoch());
            store_phase(at, box_block_state::phase::over);
            places_[at].use.store(usage::over, std::memory_order_release);
        } else {
            store_phase(at, box_block_state::phase::settled);
            places_[at].use.store(usage::free, std::memory_order_release);
        }
    }

    void record(void const* whose, block_report const& report) noexcept override
    {
        if (!is_here()) return;
        record_modules();
        std::lock_guard const hold{reports_mutex_};
        try {
            scratch_.resize(most_of_report < layout_.reports_size ? most_of_report : layout_.reports_size);
        } catch (...) {
            return count_lost();
        }
        byte_writer to{view<std::byte>{scratch_}.subspan(box_record::head, scratch_.size() - box_record::head)};
        for (bool const brief : {false, true}) {
            to.rewind(0);
            try {
                to.u64(reinterpret_cast<std::uintptr_t>(whose));
                write(to, report, brief);
            } catch (...) {
                return count_lost();
            }
            if (to.fits()) break;
        }
        if (!to.fits()) return count_lost();
        std::size_t const size =
            (box_record::head + to.size() + box_record::alignment - 1) / box_record::alignment * box_record::alignment;
        if (size > layout_.reports_size) return count_lost();
        if (next_report_ + size > layout_.reports_size) wrap();
        std::size_t const at = layout_.reports_at + next_report_;
        view<std::byte> const room = bytes_.subspan(at, size);
        std::memcpy(box_record::begin(room).data(), scratch_.data() + box_record::head, to.size());
        box_record::finish(room, box_record::kind::report, ++reports_, to.size());
        next_report_ += size;
        store(box_layout::used_at, reports_ + (std::uint64_t{1} << 32));
        memory_->changed(at, size);
    }

    void settled(void const* whose, time_point sent_at) noexcept override
    {
        if (!is_here()) return;
        for (std::size_t i = 0; i < layout_.places; ++i) {
            place& p = places_[i];
            // The watchdog takes a place that is over where none is free.
            auto state = usage::over;
            if (!p.use.compare_exchange_strong(state, usage::settling, std::memory_order_acq_rel)) continue;
            bool const it = p.whose == whose && p.sent_at == sent_at;
            if (it) store_phase(i, box_block_state::phase::settled);
            p.use.store(it ? usage::free : usage::over, std::memory_order_release);
        }
    }

private:
    static constexpr std::size_t most_of_report = std::size_t{64} << 10;

    enum class usage : unsigned char { free, taken, over, settling };
    struct place {
        std::atomic<usage> use{usage::free};
        std::size_t copy{1};
        void const* whose{nullptr};
        time_point sent_at{};
    };

    /// Of the last round nothing stays that is older than what is overwritten next.
    void wrap()
    {
        std::size_t const at = layout_.reports_at + next_report_;
        std::size_t const rest = layout_.reports_size - next_report_;
        std::memset(bytes_.data() + at, 0, rest);
        memory_->changed(at, rest);
        next_report_ = 0;
    }

    [[nodiscard]] std::size_t take_place()
    {
        // What is over and not yet reported is the least loss.
        for (usage const from : {usage::free, usage::over})
            for (std::size_t i = 0; i < layout_.places; ++i) {
                auto state = from;
                if (!places_[i].use.compare_exchange_strong(state, usage::taken, std::memory_order_acq_rel)) continue;
                if (from == usage::free) return i;
                store_phase(i, box_block_state::phase::settled);
                count_lost();
                return i;
            }
        return none;
    }

    [[nodiscard]] view<std::byte> copy_of(std::size_t at) const
    {
        return bytes_.subspan(layout_.copy_at(at, places_[at].copy), layout_.copy_size);
    }
    [[nodiscard]] std::size_t offset_of(view<std::byte> part) const
    {
        return static_cast<std::size_t>(part.data() - bytes_.data());
    }
    static std::uint64_t number(box_block_state::phase is) { return static_cast<std::uint64_t>(is); }
    static void store_state(view<std::byte> copy, std::size_t at, nanoseconds value)
    {
        store_number(copy.data() + at, static_cast<std::uint64_t>(value.count()));
    }
    void store_phase(std::size_t at, box_block_state::phase is)
    {
        view<std::byte> const copy = copy_of(at);
        store_number(copy.data() + box_block_state::phase_at, number(is));
        memory_->changed(offset_of(copy), box_block_state::size);
    }
    void store(std::size_t at, std::uint64_t value)
    {
        store_number(bytes_.data() + at, value);
        memory_->changed(at, sizeof value);
    }
    void count_lost() noexcept { store(box_layout::lost_at, ++lost_); }

    std::int64_t const process_{process_id()};
    owned<box_memory> memory_;
    view<std::byte> bytes_;
    box_layout const layout_;
    modules_finder const find_modules_;
    place* const places_;
    std::uint64_t written_{0};  // under the watchdog's mutex
    std::atomic<std::uint64_t> lost_{0};

    std::mutex modules_mutex_;
    std::uint64_t modules_written_{0};
    module_changes modules_since_;  // when they were listed last

    std::mutex reports_mutex_;
    std::uint64_t reports_{0};
    std::size_t next_report_{0};
    many<std::byte> scratch_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
