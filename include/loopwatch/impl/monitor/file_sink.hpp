// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../detail/config.hpp"
#include "log_file.hpp"
#include "serial_sink.hpp"

#include <string>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Appends what a function makes of each notice to a file.
template <typename Format>
class file_sink final : public serial_sink {
public:
    file_sink(std::string path, Format format) : file_{std::move(path)}, format_{std::move(format)} {}

private:
    void write_one(block_notice const& notice) override { file_.append(format_(notice)); }
    void reopen_file() override { file_.reopen(); }

    log_file file_;
    Format format_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
