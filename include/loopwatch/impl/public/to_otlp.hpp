// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../detail/config.hpp"
#include "../../monitor_sink.hpp"
#include "../../to_otlp.hpp"
#include "../base/fixed.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../monitor/log_file.hpp"
#include "../monitor/otlp_json.hpp"
#include "../monitor/serial_sink.hpp"

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

class otlp_sink final : public serial_sink {
public:
    otlp_sink(std::string path, many<otlp_attribute> resource) : file_{std::move(path)}, resource_{std::move(resource)}
    {
    }

    [[nodiscard]] bool wants_every_block() const noexcept override { return true; }

private:
    void write_one(block_notice const& notice) override
    {
        if (!notice.report.ended) return;
        fixed<std::uint64_t, 3> const ids{random_word(), random_word(), random_word()};
        view<std::uint64_t const> const all{ids.data(), ids.size()};
        file_.append(otlp_of(notice, resource_, hex_id(all.subspan(0, 2)), hex_id(all.subspan(2, 1))) + '\n');
    }
    void reopen_file() override { file_.reopen(); }

    /// Not 0: an id of zeros is none.
    std::uint64_t random_word()
    {
        std::uint64_t const high = random_();
        return high << 32 | random_() | 1;
    }

    log_file file_;
    many<otlp_attribute> resource_;
    std::random_device random_;
};

}  // namespace detail

LOOPWATCH_DECL monitor_sink to_otlp(std::string path, std::string service_name,
                                    std::vector<std::pair<std::string, std::string>> resource)
{
    detail::many<detail::otlp_attribute> attributes;
    attributes.push_back({"service.name", std::move(service_name)});
    for (auto& [key, text] : resource) attributes.push_back({std::move(key), std::move(text)});
    return std::make_shared<detail::otlp_sink>(std::move(path), std::move(attributes));
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
