// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../detail/owned.hpp"
#include "../base/bookkeeping_mutex.hpp"
#include "../base/duration_text.hpp"
#include "../base/files_by_name.hpp"
#include "../base/formatted.hpp"
#include "../base/located.hpp"
#include "../base/read_file.hpp"
#include "../base/write_whole.hpp"
#include "../environment/environment.hpp"
#include "baseline_text.hpp"
#include "replace_file.hpp"
#include "signature.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A baseline: a file of blocks that are accepted for now. Several processes and threads may record into one at once.
class baseline_file {
public:
    /// Reads the file; creates an empty one if there is none. So a path that can't be written is an error at once, and
    /// a suite without blocks has a baseline, too.
    ///
    /// Throws: std::invalid_argument that names the file, and the wrong line if its contents are wrong.
    baseline_file(std::string name, bool update) : name_{std::move(name)}, path_{final_path(name_)}
    {
        auto const text = read_file(path_, "baseline");
        if (text) known_ = read_baseline(*text, name_);
        recording_ = update || !text;
        if (text) return;
        try {
            save();
        } catch (std::runtime_error const& why) {
            throw std::invalid_argument{formatted("loopwatch: baseline {}: can't be written: {}", {name_, why.what()})};
        }
        // Without this message a mistyped path would silently excuse all blocks.
        if (!update)
            write_whole(formatted("loopwatch: baseline {} was not there: its blocks are being recorded\n", {name_}));
    }

    /// The process's copy of a file, which is read once and never destroyed. Throws: as the constructor.
    static baseline_file& of(std::string_view path)
    {
        return loaded().get(path, [](std::string const& name) {
            return make_owned<baseline_file>(name, environment::get().baseline_update.value_or(false));
        });
    }

    /// The excuse for a block that is in the baseline and longer by at most the factor, or that is being recorded; else
    /// "". A block that is not over is not recorded.
    ///
    /// Throws: std::bad_alloc. Thread safety: any thread.
    std::string excuse_for(block_report const& report, double factor, bool over)
    {
        std::lock_guard const hold{bookkeeping_mutex()};
        auto const own = report.own_duration;
        block_signature const which = signature_of(report);
        if (recording_) {
            if (over) record(which, own);
            return formatted("recorded in baseline {}", {name_});
        }
        known_block const* const known = known_.find(which);
        if (known == nullptr) return {};
        nanoseconds const longest = known->longest;
        if (static_cast<double>(own.count()) > factor * static_cast<double>(longest.count())) return {};
        return formatted("in baseline {}: up to {}", {name_, duration_text(longest)});
    }

private:
    /// Writes the file at once if the block is new or longer, so that a crash loses nothing.
    void record(block_signature const& which, std::chrono::nanoseconds own)
    {
        if (!known_.note(which, as_in_baseline(own))) return;
        try {
            save();
        } catch (std::exception const& why) {
            if (std::exchange(error_reported_, true)) return;
            write_whole(formatted("loopwatch: baseline {}: can't be written: {}\n", {name_, why.what()}));
        }
    }

    /// Merges what other processes have recorded meanwhile, and replaces the file.
    void save()
    {
        folder_lock const alone{folder_of(path_)};
        if (auto const text = read_file(path_, "baseline")) {
            for (auto const& [which, longest] : read_baseline(*text, name_)) known_.note(which, longest);
        }
        replace_file(path_, baseline_text(known_));
    }

    LOOPWATCH_SHARED static files_by_name<baseline_file>& loaded()
    {
        static files_by_name<baseline_file> all;
        return all;
    }

    std::string name_;
    std::string path_;
    bool recording_{false};
    bool error_reported_{false};
    known_blocks known_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
