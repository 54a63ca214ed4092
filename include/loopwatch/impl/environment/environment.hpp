// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/owned.hpp"
#include "../../options.hpp"
#include "../base/atomic_pointer.hpp"
#include "parse_settings.hpp"
#include "settings.hpp"
#include "variable.hpp"

#include <atomic>
#include <stdexcept>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// LOOPWATCH_OPTIONS as it was when the process first asked for it.
class environment {
public:
    /// Reads it once per process; the result is never destroyed. Takes no lock, so that a fork may come at any time: if
    /// several threads read it at once, one result is kept.
    ///
    /// Throws: std::invalid_argument that names the wrong key and value, at every call.
    static settings const& get()
    {
        environment const* one = current().load(std::memory_order_acquire);
        if (one == nullptr) {
            auto fresh = make_owned<environment const>();
            if (current().compare_exchange_strong(one, fresh.get(), std::memory_order_acq_rel)) one = fresh.release();
        }
        if (!one->error_.empty()) throw std::invalid_argument{one->error_};
        return one->settings_;
    }

    environment()
    {
        char const* const text = environment_variable("LOOPWATCH_OPTIONS");
        if (text == nullptr) return;
        try {
            settings_ = settings_reader::read(text);
        } catch (std::invalid_argument const& wrong) {
            error_ = wrong.what();
        }
    }

private:
    LOOPWATCH_SHARED static atomic_pointer<environment const>& current()
    {
        static atomic_pointer<environment const> one{};
        return one;
    }

    settings settings_;
    std::string error_;
};

/// The given options, overridden by those of the environment. Not yet validated. Strings from the environment live for
/// ever.
///
/// Throws: std::invalid_argument that names the key of LOOPWATCH_OPTIONS and its value.
inline options with_environment(options const& given) { return overlaid(given, environment::get()); }

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
