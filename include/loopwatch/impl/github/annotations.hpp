// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/owned.hpp"
#include "../base/atomic_pointer.hpp"
#include "../base/bookkeeping_mutex.hpp"
#include "../base/formatted.hpp"
#include "../base/many.hpp"
#include "../base/process_id.hpp"
#include "../base/write_whole.hpp"
#include "../environment/environment.hpp"
#include "../environment/variable.hpp"
#include "../policy/signature.hpp"
#include "summary.hpp"
#include "workflow_command.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#if LOOPWATCH_HAS_FORK()
#include <fcntl.h>
#include <unistd.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Appends a text with one write(), so that texts of several processes do not mix. False, with errno: it is not, or not
/// all of it, in the file.
inline bool append_whole(std::string const& file, std::string_view text)
{
#if LOOPWATCH_HAS_FORK()
    int const to = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (to < 0) return false;
    bool const written = write_whole(to, text);
    int const why = errno;
    ::close(to);
    errno = why;
    return written;
#else
    std::FILE* const to = std::fopen(file.c_str(), "ab");
    if (to == nullptr) return false;
    bool const written = std::fwrite(text.data(), 1, text.size(), to) == text.size();
    return std::fclose(to) == 0 && written;
#endif
}

/// The annotations and the summary that this process writes in a GitHub job. Does nothing elsewhere, or with
/// LOOPWATCH_OPTIONS=ci=off.
class ci_page {
public:
    /// The first call in a process registers the writing of the summary at exit. Throws: std::bad_alloc.
    static ci_page& get()
    {
        if (ci_page* const known = current().load(std::memory_order_acquire)) return *known;
        std::lock_guard const hold{bookkeeping_mutex()};
        if (ci_page* const known = current().load(std::memory_order_acquire)) return *known;
        auto page = make_owned<ci_page>();
        if (page->enabled_) std::atexit([] { get().write_summary(); });
        current().store(page.get(), std::memory_order_release);
        return *page.release();  // never destroyed: reports may come until the very end
    }

    ci_page() = default;

    void add(block_report const& report)
    {
        if (!enabled_) return;
        std::string line;
        {
            std::lock_guard const hold{bookkeeping_mutex()};
            if (std::exchange(process_, process_id()) != process_id()) rows_.clear();  // after a fork: the parent's
            block_signature which = signature_of(report);
            summary_row* row = first_with(rows_, &summary_row::which, which);
            if (row == nullptr) {
                if (rows_.size() == most_rows) return;
                if (rows_.size() < most_annotations) line = annotation(report, workspace_);
                row = &rows_.emplace_back();
                row->which = std::move(which);
            }
            row->add(report, workspace_);
        }
        write_whole(line);
    }

private:
    static constexpr std::size_t most_annotations = 10;  // GitHub shows no more per step
    static constexpr std::size_t most_rows = 1000;

    LOOPWATCH_SHARED static atomic_pointer<ci_page>& current()
    {
        static atomic_pointer<ci_page> one{};
        return one;
    }

    static std::string variable(char const* name)
    {
        char const* const value = environment_variable(name);
        return value == nullptr ? std::string{} : std::string{value};
    }

    void write_summary()
    {
        try {
            many<summary_row> rows;
            {
                std::lock_guard const hold{bookkeeping_mutex()};
                if (process_ == process_id()) rows.swap(rows_);
            }
            if (summary_.empty() || rows.empty() || append_whole(summary_, summary_table(std::move(rows)))) return;
            write_whole(formatted("loopwatch: GITHUB_STEP_SUMMARY {}: can't be written: {}\n",
                                  {summary_, std::strerror(errno)}));  // NOLINT(concurrency-mt-unsafe)
        } catch (...) {                                                // NOLINT(bugprone-empty-catch)
            // Out of memory at exit: nothing can be written.
        }
    }

    bool enabled_{variable("GITHUB_ACTIONS") == "true" && environment::get().ci.value_or(true)};
    std::string workspace_{variable("GITHUB_WORKSPACE")};
    std::string summary_{variable("GITHUB_STEP_SUMMARY")};
    std::int64_t process_{process_id()};
    many<summary_row> rows_;
};

/// To be called before the first block of a process can occur, so that the summary is written after guards in statics
/// have ended. Throws: std::bad_alloc.
inline void prepare_annotations() { static_cast<void>(ci_page::get()); }

/// In a GitHub job, annotates the line of a block's culprit, and adds the block to the step's summary: each signature
/// once, at most ten annotations per process. Does nothing elsewhere. For blocks that are over and not excused.
///
/// Throws: std::bad_alloc. Thread safety: any. Costs the caller one write to standard error.
inline void annotate(block_report const& report) { ci_page::get().add(report); }

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
