// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../base/by_number.hpp"
#include "../capture/snapshot.hpp"
#include "code_origin.hpp"
#include "demangled.hpp"
#include "function_name.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// How addresses become frames, whoever knows what lies there: for the process itself its loader, for one that has ended
// the files that lay there.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The frames of addresses that were met before.
class frames_by_code {
public:
    /// Those of a snapshot's address: innermost first, and never none. `describe` names what was not met before.
    template <typename Describe>
    std::vector<frame> const& at(snapshot const& s, std::size_t i, Describe const& describe)
    {
        // A return address may belong to the next line or function already: the call before it is looked up.
        bool const exact = i == 0 && s.first_is_exact;
        std::uintptr_t const code = exact ? s.addresses[i] : s.addresses[i] - 1;
        auto const* const known = known_.find(code);
        return known != nullptr ? *known : known_.add(code, describe(s.addresses[i], code));
    }
    void clear() { known_.clear(); }

private:
    by_number<std::vector<frame>> known_;
};

/// The functions at `code` by debug information, and one by its symbol: innermost first, of which the last is that
/// which the others were inlined into.
template <typename DebugInformation>
std::vector<frame> functions_by(DebugInformation& known, std::uintptr_t code)
{
    std::vector<frame> frames = known.functions_at(code);
    if (frames.empty()) frames.emplace_back();
    for (std::size_t i = 0; i + 1 < frames.size(); ++i) frames[i].inlined = true;
    if (frames.back().function.empty()) frames.back().function = known.symbol_at(code);
    return frames;
}

/// Functions of system libraries are named by what these export, so that names are the same with and without debug
/// symbols, which have many names for one function. `exported`: that name, mangled.
template <typename Exported>
void prefer_exported(frame& function, std::string_view module, Exported const& exported)
{
    if (!function.function.empty() && !is_system_module(module)) return;
    if (auto name = demangled(exported().c_str()); !name.empty()) function.function = std::move(name);
}

/// Fills in the rest of a frame whose module is known: the cleaned name and the origin.
inline void complete(frame& f, std::uintptr_t address)
{
    auto name = clean_function_name(std::move(f.function));
    f.function = std::move(name.text);
    f.coroutine = name.coroutine;
    f.address = address;
    f.origin = origin_of(f);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
