// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../symbolize/module_place.hpp"
#include "block_bytes.hpp"
#include "box_layout.hpp"
#include "bytes.hpp"
#include "process_bytes.hpp"
#include "report_bytes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

// What can be read of a black box's file, whatever became of it. Pure.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

struct read_block {
    std::uint64_t number{0};
    box_block_state state;
    recorded_block_under_way what;
};

struct read_report {
    std::uint64_t number{0};
    std::uint64_t whose{0};
    block_report what;
};

struct box_contents {
    recorded_process process;
    many<module_place> modules;
    many<read_block> blocks;    // of each block the latest, in the order in which they were written; none is settled
    many<read_report> reports;  // in the order in which they were written
    std::uint64_t lost{0};
    bool used{false};
    bool closed{false};
    bool damaged{false};  // its header is: the rest is what could be found
};

/// Every record of the file that is whole, wherever it is: no part says where another one is.
class box_scan {
public:
    explicit box_scan(view<std::byte const> file) : file_{file} {}

    [[nodiscard]] box_layout::defect operator()(box_contents& to)
    {
        box_layout layout;
        auto const defect = box_layout::read(file_, layout);
        if (defect == box_layout::defect::no_box || defect == box_layout::defect::other_version) return defect;
        to.damaged = defect == box_layout::defect::damaged;
        if (file_.size() >= box_layout::lost_at + 8) {
            to.used = stored_number(file_, box_layout::used_at) != 0;
            to.closed = stored_number(file_, box_layout::closed_at) == 1;
            to.lost = stored_number(file_, box_layout::lost_at);
        }
        for (std::size_t at = box_layout::page; at + box_record::head <= file_.size();) at += look_at(at, to);
        remove_if(to.blocks, [](read_block const& b) { return b.state.now == box_block_state::phase::settled; });
        auto const earlier = [](auto const& a, auto const& b) { return a.number < b.number; };
        std::sort(to.blocks.begin(), to.blocks.end(), earlier);
        std::sort(to.reports.begin(), to.reports.end(), earlier);
        return box_layout::defect::none;
    }

private:
    using kind = box_record::kind;

    /// Returns how far to go on.
    std::size_t look_at(std::size_t at, box_contents& to)
    {
        view<std::byte const> const rest = file_.subspan(at, file_.size() - at);
        if (byte_reader{rest}.u32() != box_record::magic) return box_record::alignment;
        byte_reader head{rest.subspan(12, 4)};
        auto const which = static_cast<kind>(head.u32());
        auto const found = box_record::read(rest, which);
        if (!found) return box_record::alignment;
        byte_reader from{found->content};
        switch (which) {
            case kind::process: {
                recorded_process p;
                fields(from, p);
                if (from.ok()) to.process = std::move(p);
                break;
            }
            case kind::modules: {
                many<module_place> modules;
                if (found->number < modules_number_) break;
                detail::read(from, modules);
                if (!from.ok()) break;
                modules_number_ = found->number;
                to.modules = std::move(modules);
                break;
            }
            case kind::block: {
                read_block block{found->number, state_before(at), {}};
                if (detail::read(from, block.what)) add(std::move(block), to.blocks);
                break;
            }
            case kind::report: {
                read_report report{found->number, from.u64(), {}};
                if (detail::read(from, report.what)) to.reports.push_back(std::move(report));
                break;
            }
            default: break;
        }
        std::size_t const size = box_record::head + found->content.size();
        return (size + box_record::alignment - 1) / box_record::alignment * box_record::alignment;
    }

    [[nodiscard]] box_block_state state_before(std::size_t at) const
    {
        return box_block_state::read(file_.subspan(at - box_block_state::size, box_block_state::size));
    }

    /// Of the same block the later one.
    static void add(read_block block, many<read_block>& to)
    {
        auto* const same = first_of(to, [&](read_block const& b) {
            return b.what.whose == block.what.whose && b.what.raw.sent_at == block.what.raw.sent_at;
        });
        if (same == nullptr)
            to.push_back(std::move(block));
        else if (same->number < block.number)
            *same = std::move(block);
    }

    view<std::byte const> file_;
    std::uint64_t modules_number_{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
