// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "catch.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include <loopwatch/block_report.hpp>

/// So many blocks; where there are others, the test's failure shows each.
class are : public matcher_of<std::vector<loopwatch::block_report>> {
public:
    explicit are(std::size_t n) : n_{n} {}
    bool match(std::vector<loopwatch::block_report> const& all) const override { return all.size() == n_; }
    std::string describe() const override { return "are " + std::to_string(n_); }

private:
    std::size_t n_;
};
