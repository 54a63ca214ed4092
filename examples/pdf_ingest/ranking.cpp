// SPDX-License-Identifier: BSL-1.0
#include "ranking.hpp"

#include <loopwatch/cause.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

using loopwatch::block_report;
using std::chrono::nanoseconds;

namespace {

using path_key = std::pair<std::string, std::string>;

/// The frame to blame, as a key. A block nobody of the user's is in counts under no name.
path_key key_of(loopwatch::frame const* culprit)
{
    if (culprit == nullptr) return {};
    return {culprit->function, culprit->file};
}

struct part {
    code_path seen;
    nanoseconds time{};
};

/// What one moment of a block tells: as its report tells of the block.
block_report moment_of(block_report const& whole, loopwatch::block_sample const& sample)
{
    block_report moment;
    moment.stack = sample.stack;
    moment.evidence = sample.doing;
    moment.cause = sample.doing.starts_with("on CPU") ? loopwatch::cause::cpu : loopwatch::cause::blocking_call;
    moment.awaited_by = whole.awaited_by;
    return moment;
}

code_path path_of(block_report const& r)
{
    code_path path;
    if (loopwatch::frame const* const culprit = r.culprit()) {
        path.culprit = culprit->function;
        path.file = culprit->file.substr(culprit->file.rfind('/') + 1);
        path.line = culprit->line;
    }
    path.cause = to_string(r.cause);
    path.evidence = r.evidence;
    for (loopwatch::frame const& f : r.awaited_by) path.awaited_by.push_back(f.function);
    return path;
}

/// The block, divided among the functions in which it was sampled.
std::map<path_key, part> parts_of(block_report const& r)
{
    std::map<path_key, part> parts;
    nanoseconds sampled{0};
    for (loopwatch::block_sample const& sample : r.samples) {
        block_report const moment = moment_of(r, sample);
        part& p = parts[key_of(moment.culprit())];
        p.seen = path_of(moment);
        p.time += sample.after - std::exchange(sampled, sample.after);
    }
    // What the report concludes from all its samples is more than one of them tells.
    part& main = parts[key_of(r.culprit())];
    main.seen = path_of(r);
    if (sampled == nanoseconds{0}) {
        main.time = sampled = r.duration;
    }
    for (auto& [key, p] : parts) {
        double const share = std::chrono::duration<double>{p.time} / std::chrono::duration<double>{sampled};
        p.time = std::chrono::duration_cast<nanoseconds>(r.duration * share);
    }
    return parts;
}

}  // namespace

void path_ranking::add(block_report const& report)
{
    ++blocks_;
    blocked_ += report.duration;
    for (auto& [key, p] : parts_of(report)) {
        code_path& path = paths_[key];
        p.seen.blocks = path.blocks + 1;
        p.seen.total = path.total + p.time;
        p.seen.longest = std::max(path.longest, p.time);
        path = std::move(p.seen);
    }
}

std::vector<code_path> path_ranking::by_total() const
{
    std::vector<code_path> all;
    for (auto const& [key, path] : paths_) all.push_back(path);
    std::ranges::sort(all, std::ranges::greater{}, &code_path::total);
    return all;
}
