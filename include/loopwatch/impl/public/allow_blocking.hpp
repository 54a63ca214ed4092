// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../allow_blocking.hpp"
#include "../../detail/config.hpp"
#include "../allowance/allowance_names.hpp"
#include "../allowance/thread_record.hpp"
#include "../allowance/thread_records.hpp"
#include "../base/duration_text.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

LOOPWATCH_DECL std::chrono::nanoseconds checked_budget(std::chrono::nanoseconds budget)
{
    if (budget > std::chrono::nanoseconds{0}) return budget;
    throw std::invalid_argument{"loopwatch: allow_blocking.budget must be above zero, but is " +
                                exact_duration_text(budget)};
}

LOOPWATCH_DECL allowance_scope::allowance_scope(std::string_view reason, std::chrono::nanoseconds budget)
{
    if (reason.empty()) throw std::invalid_argument{"loopwatch: allow_blocking.reason must say why, but is \"\""};
    record_ = thread_records::of_this_thread(true);
    fork_count_ = record_->fork_count();
    scope_ = record_->open(reason, budget);
}

LOOPWATCH_DECL allowance_scope::allowance_scope() : record_{thread_records::of_this_thread(false)}
{
    if (record_ == nullptr) return;
    fork_count_ = record_->fork_count();
    scope_ = record_->open_disallowed();
}

LOOPWATCH_DECL allowance_scope::~allowance_scope()
{
    if (record_ != nullptr) thread_records::close(*record_, fork_count_, scope_);
}

}  // namespace detail

LOOPWATCH_DECL std::vector<std::string> unused_allowances() { return detail::allowance_names::unused(); }

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
