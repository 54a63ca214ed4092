// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <ostream>
#include <vector>

#include <loopwatch/block_report.hpp>

/// Whether there are so many blocks: for CHECK and REQUIRE, which show each block where there are others. By no type of
/// which loopwatch/catch2.hpp tells Catch2 how it is shown, for not every test includes that.
class are {
public:
    are(std::size_t n, std::vector<loopwatch::block_report> const& blocks) : n_{n}, blocks_{blocks} {}
    explicit operator bool() const { return blocks_.size() == n_; }
    friend std::ostream& operator<<(std::ostream& out, are const& a)
    {
        out << a.blocks_.size() << " instead of " << a.n_;
        for (auto const& each : a.blocks_) out << '\n' << each;
        return out;
    }

private:
    std::size_t n_;
    std::vector<loopwatch::block_report> const& blocks_;
};
