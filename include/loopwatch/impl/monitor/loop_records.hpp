// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "../base/formatted.hpp"
#include "../base/many.hpp"
#include "../vitals/delay_histogram.hpp"
#include "../vitals/loop_totals.hpp"
#include "blocked_totals.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The numbers of all loops of one name. They stay when the watches have ended.
struct loop_record : counted {
    explicit loop_record(std::string of) : name{std::move(of)} {}

    std::string const name;
    shared<loop_totals> const totals{new loop_totals};  // written under the watchdog's mutex
    blocked_totals blocked;
    // Of records that were forgotten.
    delay_reading delays_before{};
    delay_reading handler_delays_before{};
    std::uint64_t watches{0};  // that have not ended

    /// What was counted of one that is forgotten.
    void take_over(loop_record const& gone)
    {
        blocked.add(gone.blocked);
        delays_before.add(gone.delays_before);
        delays_before.add(gone.totals->delays.read());
        handler_delays_before.add(gone.handler_delays_before);
        handler_delays_before.add(gone.totals->handler_delays.read());
    }
};

/// A record as it was read under the monitor's mutex; the rest of it may be read without.
struct loop_reading {
    shared<loop_record> record;
    blocked_totals blocked;
    delay_reading delays_before{};
    delay_reading handler_delays_before{};
};

/// The records of a monitor, by name. To be used under its mutex.
///
/// A service that makes up names, one for each connection, say, must not fill its memory with them. What was counted
/// under names that are gone is kept as a sum, as if it was of one loop more.
class loop_records {
public:
    static constexpr std::size_t most = 1000;
    static constexpr std::string_view name_of_others = "other";

    /// The record of this name, with one watch more. "" is given a name. Throws: std::bad_alloc.
    [[nodiscard]] shared<loop_record> begin_watch(std::string_view given)
    {
        std::string name = given.empty() ? formatted("loop {}", {++unnamed_}) : std::string{given};
        shared<loop_record>* known = named(name);
        if (known == nullptr) {
            if (all_.size() >= most) forget_one();
            known = &all_.push_back(shared<loop_record>{new loop_record{std::move(name)}});
        }
        ++(*known)->watches;
        return *known;
    }

    /// In the order in which their names were first watched.
    [[nodiscard]] many<shared<loop_record>> const& all() const { return all_; }

    /// Throws: std::bad_alloc.
    [[nodiscard]] many<loop_reading> readings() const
    {
        many<loop_reading> read;
        for (shared<loop_record> const& each : all_)
            read.push_back({each, each->blocked, each->delays_before, each->handler_delays_before});
        return read;
    }

private:
    void forget_one()
    {
        shared<loop_record>* const gone = first_of(
            all_, [](shared<loop_record> const& each) { return each->watches == 0 && each->name != name_of_others; });
        if (gone == nullptr) return;
        if (shared<loop_record>* const others = named(name_of_others)) {
            (*others)->take_over(**gone);
            *gone = std::move(all_.back());
            all_.pop_back();
        } else {
            shared<loop_record> fresh{new loop_record{std::string{name_of_others}}};
            fresh->take_over(**gone);
            *gone = std::move(fresh);
        }
    }

    [[nodiscard]] shared<loop_record>* named(std::string_view name)
    {
        return first_of(all_, [&](shared<loop_record> const& each) { return each->name == name; });
    }

    many<shared<loop_record>> all_;
    std::uint64_t unnamed_{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
