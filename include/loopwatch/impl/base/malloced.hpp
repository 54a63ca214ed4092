// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <cstdlib>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Owns characters that malloc() returned, as realpath() and the demangler use it. std::unique_ptr would be a class of
/// its own for each deleter.
class malloced {
public:
    explicit malloced(char* characters) noexcept : characters_{characters} {}
    malloced(malloced const&) = delete;
    malloced& operator=(malloced const&) = delete;
    ~malloced() { std::free(characters_); }  // NOLINT(*-no-malloc)

    /// May be null.
    [[nodiscard]] LOOPWATCH_INLINED char* get() const noexcept { return characters_; }

private:
    char* characters_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
