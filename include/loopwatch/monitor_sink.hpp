// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "block_notice.hpp"
#include "block_report.hpp"
#include "detail/config.hpp"

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// Where a monitor's notices go. Each sink of a monitor has a thread of its own, on which it is called and, if nobody
/// else holds it, destroyed, and a queue: one that is slow, blocks or throws loses its own notices, which are counted,
/// and delays nothing else.
class notice_sink {
public:
    notice_sink() = default;
    notice_sink(notice_sink const&) = delete;
    notice_sink& operator=(notice_sink const&) = delete;
    virtual ~notice_sink() = default;

    /// Takes one notice. What it throws is caught, and the notice counted as lost.
    virtual void write(block_notice const& notice) = 0;

    /// The file that it writes to may have been renamed: opens it anew. Called after monitor::reopen_sinks().
    virtual void reopen() {}

    /// Whether it wants each block that is over, also those that logs are told nothing of (telling::counted): for
    /// traces and databases. Asked once, before all others, where the monitor is given the sink.
    [[nodiscard]] virtual bool wants_every_block() const noexcept { return false; }
};

/// A sink as a monitor takes it: what to_json_lines() and its like return, a std::shared_ptr to a notice_sink of your
/// own, or a function that takes a notice or a report:
///
///     loopwatch::monitor monitor{{.threshold = 100ms}, {[](loopwatch::block_notice const& n) { ... }}};
///
/// A value that is cheap to copy. Copies share the sink: if several monitors have them, it is called on several threads
/// at a time, as the library's own sinks may be.
class monitor_sink {
public:
    /// Throws: nothing. A null pointer is a sink that does nothing.
    template <std::derived_from<notice_sink> Sink>
    monitor_sink(std::shared_ptr<Sink> to) noexcept : to_{std::move(to)}
    {
    }

    /// Calls a function with each notice or report. Throws: std::bad_alloc; what copying it throws.
    template <typename Function>
        requires(!std::same_as<std::remove_cvref_t<Function>, monitor_sink> &&
                 (std::invocable<std::decay_t<Function>&, block_notice const&> ||
                  std::invocable<std::decay_t<Function>&, block_report const&>))
    monitor_sink(Function&& function)  // NOLINT(bugprone-forwarding-reference-overload): not its own type, see above
        : to_{std::make_shared<calling<std::decay_t<Function>>>(std::forward<Function>(function))}
    {
    }

    /// The sink, or null.
    [[nodiscard]] std::shared_ptr<notice_sink> const& get() const noexcept { return to_; }

private:
    template <typename Function>
    class calling final : public notice_sink {
    public:
        explicit calling(Function function) : function_{std::move(function)} {}
        void write(block_notice const& notice) override
        {
            if constexpr (std::invocable<Function&, block_notice const&>)
                function_(notice);
            else
                function_(notice.report);
        }

    private:
        Function function_;
    };

    std::shared_ptr<notice_sink> to_;
};

/// Writes each notice as text to standard error, as write_to_stderr() does with reports. What a monitor has that is
/// given no sinks.
///
/// Throws: std::bad_alloc. Thread safety: any thread. Cost to the loop: none.
[[nodiscard]] LOOPWATCH_DECL monitor_sink to_stderr(bool all_frames = false);

namespace detail {

/// For sinks that are compiled where there may be no exceptions. Throws: std::invalid_argument.
[[noreturn]] LOOPWATCH_DECL void refuse_argument(char const* what);

}  // namespace detail

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

// Not part of the core's implementation: only files that include this header compile it.
#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/monitor_sink.hpp"
#endif
