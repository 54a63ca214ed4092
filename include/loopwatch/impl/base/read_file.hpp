// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "byte_order_mark.hpp"
#include "opened_file.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The text of the file, without a byte order mark; nothing if it does not exist. `what` says in error messages what
/// the file is for.
///
/// Throws: std::invalid_argument if it exists and can't be read, or is not of single bytes.
inline maybe<std::string> read_file(std::string const& path, char const* what)
{
    auto const refuse_for = [&](std::string const& why) {
        throw std::invalid_argument{std::string{"loopwatch: "} + what + ' ' + path + ": " + why};
    };
    auto const refuse = [&] {
        refuse_for(std::string{"can't be read: "} + std::strerror(errno));  // NOLINT(concurrency-mt-unsafe)
    };
    opened_file const file{path};
    if (file.get() == nullptr) {
        if (errno == ENOENT) return {};
        refuse();
    }
    constexpr std::size_t part = 4096;
    std::string all;
    while (file.read_to(all, part) == part) {
    }
    if (file.has_failed()) refuse();  // for example, it is a folder
    if (is_utf16(all)) refuse_for("is UTF-16 text: save it as UTF-8");
    if (auto const text = without_byte_order_mark(all); text.size() < all.size()) all = std::string{text};
    return all;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
