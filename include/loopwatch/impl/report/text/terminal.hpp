// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../detail/config.hpp"
#include "../../../detail/owned.hpp"
#include "../../base/atomic_pointer.hpp"
#include "../../base/fixed.hpp"
#include "../../base/located.hpp"
#include "../../base/parse_number.hpp"
#include "../../environment/variable.hpp"
#include "layout.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

#if LOOPWATCH_HAS_FORK()
#include <sys/ioctl.h>
#include <unistd.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What the environment says about the terminal and colours.
struct terminal_wishes {
    bool no_colour{false};
    bool force_colour{false};
    bool is_plain{false};    // the terminal does not interpret escape sequences
    bool no_links{false};    // the terminal is known to garble hyperlinks
    std::size_t columns{0};  // 0: not said

    /// `variable` gives the value of an environment variable, or "". Otherwise pure.
    template <typename Variable>
    static terminal_wishes of(Variable variable)
    {
        terminal_wishes w;
        // Both conventions: set and not empty, whatever the value (no-color.org, force-color.org), except that
        // FORCE_COLOR=0 means off for Node's tools. If both are set there is no colour, as in Python.
        w.no_colour = !variable("NO_COLOR").empty();
        std::string const force = variable("FORCE_COLOR");
        w.force_colour = !force.empty() && force != "0";
        std::string const term = variable("TERM");
        w.is_plain = term.empty() || term == "dumb";
        // The terminals that gcc excludes for the hyperlinks of its diagnostics (auto_enable_urls() in its
        // diagnostic-color.cc): the Linux console, older VTEs and Xfce's terminal.
        std::string const vte = variable("VTE_VERSION");
        std::string const kind = variable("COLORTERM");
        w.no_links = term == "linux" || kind == "xfce4-terminal" || kind == "gnome-terminal" ||
                     (!vte.empty() && parse_number(vte).value_or(0) < 5000);
        w.columns = static_cast<std::size_t>(parse_number(variable("COLUMNS")).value_or(0));
        return w;
    }

    /// Read once per process, at the first call, which the first guard makes: later other threads may change the
    /// environment.
    /// Throws: std::bad_alloc.
    static terminal_wishes const& get()
    {
        terminal_wishes const* one = current().load(std::memory_order_acquire);
        if (one != nullptr) return *one;
        auto fresh = make_owned<terminal_wishes const>(of([](char const* name) {
            char const* const value = environment_variable(name);
            return value == nullptr ? std::string{} : std::string{value};
        }));
        // Never destroyed. If several threads read it at once, one result is kept.
        if (current().compare_exchange_strong(one, fresh.get(), std::memory_order_acq_rel)) one = fresh.release();
        return *one;
    }

private:
    LOOPWATCH_SHARED static atomic_pointer<terminal_wishes const>& current()
    {
        static atomic_pointer<terminal_wishes const> one{};
        return one;
    }
};

/// Pure. The layout for a terminal of so many columns; 0 if unknown.
inline text_layout terminal_layout(terminal_wishes const& wishes, std::size_t columns, bool all_frames)
{
    constexpr std::size_t usual = 80;
    constexpr std::size_t narrowest = 40;
    if (wishes.columns > 0) columns = wishes.columns;
    text_layout how;
    how.width = std::max(columns > 0 ? columns : usual, narrowest);
    how.breaks = true;
    how.all_frames = all_frames;
    how.colour = !wishes.no_colour && (wishes.force_colour || !wishes.is_plain);
    return how;
}

/// The layout for standard error as it is now. Only a terminal gets breaks and hyperlinks; a file or a pipe gets
/// colours only with FORCE_COLOR. Without colours there are no hyperlinks.
///
/// Throws: std::bad_alloc. May change errno.
inline text_layout layout_of_stderr(bool all_frames)
{
    terminal_wishes const& wishes = terminal_wishes::get();
#if LOOPWATCH_HAS_FORK()
    if (::isatty(STDERR_FILENO) == 1) {
        winsize size{};
        bool const tells = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0;
        text_layout how = terminal_layout(wishes, tells ? size.ws_col : 0, all_frames);
        fixed<char, 256> host{};
        bool const has_name = ::gethostname(host.data(), host.size() - 1) == 0;
        if (has_name && how.colour && !wishes.is_plain && !wishes.no_links) {
            how.host = host.data();
            how.located = &located;
        }
        return how;
    }
#endif
    text_layout how = wide_layout(all_frames);
    how.colour = wishes.force_colour && !wishes.no_colour;
    return how;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
