// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/suite/findings.hpp"
#include "../../detail/suite/known_loop.hpp"
#include "../../detail/suite/matching.hpp"
#include "../../detail/suite/open_scope.hpp"
#include "../../detail/suite/statement.hpp"
#include "../../detail/suite/suite_watch.hpp"
#include "../../detail/suite/tags.hpp"
#include "../../no_loop_blocking.hpp"
#include "../../options.hpp"
#include "../../sinks.hpp"
#include "../base/duration_text.hpp"
#include "../base/formatted.hpp"
#include "../base/parse_duration.hpp"
#include "../base/write_whole.hpp"
#include "../github/annotations.hpp"
#include "../report/report_text.hpp"
#include "../report/text/layout.hpp"
#include "../symbolize/code_origin.hpp"
#include "../testing/claims.hpp"
#include "../testing/registry.hpp"
#include "../testing/scope.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

LOOPWATCH_DECL std::string failure_text(findings found, options const& how)
{
    for (block_report const& each : found.excused)
        if (!each.known) write_to_stderr(each, how.all_frames);
    if (how.action == on_block::log) {
        for (block_report const& each : found.blocks) write_to_stderr(each, how.all_frames);
        return {};
    }
    if (found.blocks.empty()) return {};
    for (block_report const& each : found.blocks) annotate(each);
    return text_of(found.blocks, found.dropped, test_layout(how.all_frames));
}

// --- which loops a scope watches ---

LOOPWATCH_DECL void make_known(known_loop& one)
{
    try {
        for (auto const& each : suite_registry::get().add(one)) one.join(one.context, *each);
    } catch (...) {
        forget(one);
        throw;
    }
}

LOOPWATCH_DECL void forget(known_loop& one) { suite_registry::get().remove(one); }

LOOPWATCH_DECL std::vector<std::shared_ptr<scope>> open_scopes() { return suite_registry::get().open(); }

LOOPWATCH_DECL bool add_to(scope& to, void const* whole, loop_ptr of, std::string_view name, std::uintptr_t guard_frame)
{
    return to.add(whole, std::move(of), name, guard_frame);
}

LOOPWATCH_DECL open_scope::open_scope(options const& how) : scope_{scope::open(how)} {}

LOOPWATCH_DECL open_scope::~open_scope()
{
    if (!ended_) static_cast<void>(scope_->end());
}

LOOPWATCH_DECL options open_scope::how() const { return scope_->how(); }

LOOPWATCH_DECL findings open_scope::end()
{
    ended_ = true;
    return scope_->end();
}

LOOPWATCH_DECL std::string open_scope::end_in_failure()
{
    options const with = how();
    return failure_text(end(), with);
}

// --- a statement ---

inline std::shared_ptr<scope> innermost_scope()
{
    auto const open = open_scopes();
    return open.empty() ? nullptr : open.back();
}

LOOPWATCH_DECL statement::statement() : around_{innermost_scope()}, inner_{around_ ? around_->how() : options{}} {}

LOOPWATCH_DECL bool statement::passed()
{
    auto const asked_at = std::chrono::system_clock::now();
    options const how = inner_.how();
    findings found = inner_.end();
    if (found.loops == 0 && (!around_ || around_->loops() == 0)) {
        failure_ = nothing_watched;
        return false;
    }
    if (around_) {
        auto more = around_->ended_since(began_at_);
        around_->claim_all(more);
        for (block_report& each : more) found.blocks.push_back(std::move(each));
        put_in_order(found.blocks);
    }
    failure_ = failure_text(std::move(found), how);
    if (around_) around_->claim_time_since(asked_at);
    return failure_.empty();
}

// --- a suite ---

LOOPWATCH_DECL suite_watch::suite_watch(bool all, options const& how) : all_{all}, how_{how}
{
    static_cast<void>(effective(how));
}

LOOPWATCH_DECL void suite_watch::start(std::string test, tag_request asks)
{
    note();
    test_ = std::move(test);
    asks_ = std::move(asks);
}

LOOPWATCH_DECL void suite_watch::begin()
{
    options how = how_.get();
    if (asks_.threshold) {
        how.threshold = *asks_.threshold;
        if (how.heartbeat_interval > how.threshold) how.heartbeat_interval = {};
    }
    scope_.emplace(how);
}

LOOPWATCH_DECL test_messages suite_watch::end(bool failed)
{
    if (!scope_) return {};
    options const how = scope_->how();
    findings found = scope_->end();
    ran_ = ran_ || !failed;
    had_loop_ = had_loop_ || found.loops > 0;
    test_messages said;
    said.error = asks_.error;
    if (asks_.watch && found.loops == 0 && !failed) said.warning = std::string{"loopwatch: "} + nothing_watched;
    said.failure = failure_text(std::move(found), how);
    scope_.reset();
    return said;
}

LOOPWATCH_DECL void suite_watch::note()
{
    constexpr std::size_t most = 5;
    bool const counts = std::exchange(ran_, false) && !asks_.watch;  // the others had their warning
    bool const had_loop = std::exchange(had_loop_, false);
    if (!counts) return;
    ++tests_;
    if (had_loop) return;
    if (++without_loop_ <= most) names_ += formatted("    {}\n", {test_});
    if (without_loop_ == most + 1) names_ += "    ...\n";
}

LOOPWATCH_DECL void suite_watch::finish()
{
    note();
    if (without_loop_ == 0) return;
    write_whole(
        formatted("loopwatch: in {} of {} tests no loop was watched, so none was seen to be blocked:\n{}"
                  "If one has a loop, make the io_context a loopwatch::watched_io_context, or call "
                  "loopwatch::current_watch().add(it).\n",
                  {without_loop_, tests_, names_}));
    tests_ = without_loop_ = 0;
    names_.clear();
}

// --- a test's tags, and what matchers show and ask of blocks ---

LOOPWATCH_DECL tag_request read_tags(std::string_view tags)
{
    constexpr std::string_view name = "no_loop_blocking";
    tag_request wanted;
    for (auto begin = tags.find('['); begin != tags.npos; begin = tags.find('[', begin + 1)) {
        std::string_view const tag = tags.substr(begin, tags.find(']', begin) - begin + 1);
        std::string_view rest = tag.substr(1, tag.size() - 2);
        if (!rest.starts_with(name)) continue;
        rest.remove_prefix(name.size());
        wanted.watch = true;
        if (rest.empty()) continue;
        auto const threshold = rest.front() == ':' ? parse_duration(rest.substr(1)) : nothing;
        if (!threshold || threshold->count() == 0)
            wanted.error = "loopwatch: the tag " + std::string{tag} +
                           " can't be understood: it is [no_loop_blocking], or with a threshold above zero after a "
                           "colon, " +
                           std::string{duration_syntax};
        else if (wanted.threshold && wanted.threshold != threshold)
            wanted.error = "loopwatch: the tag " + std::string{tag} + " gives the test case a second threshold";
        else
            wanted.threshold = threshold;
    }
    return wanted;
}

LOOPWATCH_DECL std::string text_of_blocks(std::vector<block_report> const& blocks)
{
    if (blocks.empty()) return "no blocks";
    std::string text;
    for (block_report const& each : blocks) text += '\n' + text_of_block(each);
    return text;
}

LOOPWATCH_DECL std::string text_of_block(block_report const& block) { return text_of(block, test_layout(false)); }

LOOPWATCH_DECL bool has_user_frame(std::vector<frame> const& frames, std::string_view name)
{
    return any_of(frames, [&](frame const& f) {
        return origin_of(f) == code_origin::user && f.function.find(name) != f.function.npos;
    });
}

LOOPWATCH_DECL std::string length_bounds_text(std::chrono::nanoseconds at_least, std::chrono::nanoseconds at_most)
{
    if (at_most == no_upper_bound) return "for at least " + duration_text(at_least);
    return "for " + duration_text(at_least) + " to " + duration_text(at_most);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
