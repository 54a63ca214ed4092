// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../../detail/owned.hpp"
#include "../base/files_by_name.hpp"
#include "../base/formatted.hpp"
#include "../base/many.hpp"
#include "../base/process_id.hpp"
#include "../base/read_file.hpp"
#include "../base/write_whole.hpp"
#include "../environment/environment.hpp"
#include "block_line.hpp"
#include "suppression.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A suppressions file as it was when it was first read, and how often each of its lines was used.
class suppression_file {
public:
    /// `name`: the file's name in messages. Throws: std::invalid_argument that names file and line, and what is wrong.
    suppression_file(std::string name, std::string_view text) : name_{std::move(name)}
    {
        for_each_line(text, name_, [this](std::string_view each, unsigned line) {
            auto s = parse_suppression(each);
            if (!s) return;
            s->line = line;
            all_.push_back(std::move(*s));
        });
        uses_.resize(all_.size());
    }

    /// The process's copy of a file, which is read once, never destroyed, and reported on at exit.
    ///
    /// Throws: std::invalid_argument if it can't be read or is wrong.
    static suppression_file& of(std::string_view path)
    {
        return loaded().get(path, [](std::string const& name) {
            auto const text = read_file(name, "suppressions");
            if (!text) throw std::invalid_argument{"loopwatch: suppressions " + name + ": there is no such file"};
            auto file = make_owned<suppression_file>(name, *text);
            static bool const at_exit = std::atexit(&report_at_exit) == 0;
            static_cast<void>(at_exit);
            return file;
        });
    }

    /// The excuse for a block if a line matches it, else "". The first line that matches is counted as used if the
    /// block is over. Thread safety: any thread.
    std::string excuse_for(block_report const& report, calendar_day today, bool over)
    {
        for (std::size_t i = 0; i < all_.size(); ++i) {
            if (has_expired(all_[i], today) || !is_about(all_[i], report)) continue;
            if (over) std::atomic_ref{uses_[i]}.fetch_add(1, std::memory_order_relaxed);
            std::string const why = all_[i].comment.empty() ? std::string{} : formatted(" ({})", {all_[i].comment});
            return formatted("suppressed by {}:{}{}", {name_, all_[i].line, why});
        }
        return {};
    }

    /// The message at exit: lines that have expired, and with `also_unused` those that suppressed nothing.
    [[nodiscard]] std::string leftovers(calendar_day today, bool also_unused) const
    {
        std::string text;
        for (std::size_t i = 0; i < all_.size(); ++i) {
            suppression const& s = all_[i];
            std::string const uses = text_of(s);
            if (has_expired(s, today))  // NOLINTNEXTLINE(bugprone-unchecked-optional-access)
                text += formatted("loopwatch: {}:{}: expired after {}: {}\n", {name_, s.line, text_of(*s.until), uses});
            else if (also_unused && std::atomic_ref{uses_[i]}.load(std::memory_order_relaxed) == 0)
                text += formatted("loopwatch: {}:{}: suppressed nothing: {}\n", {name_, s.line, uses});
        }
        return text;
    }

private:
    static void report_at_exit()
    {
        try {
            bool const also_unused = environment::get().report_unused.value_or(true);
            std::string text;
            loaded().for_each([&](suppression_file const& file) {
                if (file.read_by_ == process_id()) text += file.leftovers(today(), also_unused);
            });
            write_whole(text);
        } catch (...) {  // NOLINT(bugprone-empty-catch)
            // Out of memory at exit: nothing can be written.
        }
    }

    LOOPWATCH_SHARED static files_by_name<suppression_file>& loaded()
    {
        static files_by_name<suppression_file> all;
        return all;
    }

    std::string name_;
    std::int64_t read_by_{process_id()};  // a forked child does not report: its parent does
    many<suppression> all_;
    mutable many<std::uint64_t> uses_;  // for each of all_; accessed by std::atomic_ref only
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
