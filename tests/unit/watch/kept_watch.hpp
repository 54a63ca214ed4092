// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/heard_bell.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <loopwatch/impl/watch/watch_keeper.hpp>

// A watch whose keeper sees nothing but numbers: no thread, no real clock, no real loop.
namespace made_up {

using namespace std::chrono_literals;
using namespace loopwatch::detail;

/// A time point, by how long after the beginning of the test it is.
inline time_point at(nanoseconds since_start) { return time_point{} + 1h + since_start; }

// No kernel numbers its threads like this, so none of the process is met by accident.
constexpr thread_number runner = 7'000'001;
constexpr thread_number second = 7'000'002;
constexpr thread_number stranger = 7'000'003;

constexpr std::uintptr_t loop_address = 0x1000;
constexpr std::uintptr_t strand_address = 0x2000;

struct made_up_thread {
    std::map<std::uintptr_t, std::uintptr_t> calls;  // by the loop's or strand's address
    thread_counters counters;
    thread_reading reading;
    bool gone{false};
};

using all_threads = std::map<thread_number, made_up_thread>;

class threads_by_numbers final : public thread_access {
public:
    explicit threads_by_numbers(all_threads& all) : all_{all} {}

    [[nodiscard]] time_point now() override { return time; }
    [[nodiscard]] bool request_capture(loop_thread const& thread, capture_request&, snapshot& to) override
    {
        captured.push_back(thread.number);
        to = snapshot{};
        to.thread = thread.number;
        to.loop = thread.loop;
        to.strand = thread.strand;
        if (all_[thread.number].gone) to.missing = capture_error::thread_gone;
        return all_[thread.number].gone || answer(to);
    }
    [[nodiscard]] bool poll_capture(capture_request&, snapshot& to) override { return answer(to); }
    void revoke_capture(capture_request&, snapshot& to) override
    {
        ++revoked;
        to.missing = capture_error::recovered;
    }
    bool read(thread_number thread, thread_reading& to) override
    {
        to = all_[thread].reading;
        to.thread = thread;
        to.at = time;
        return read_counters(thread, to.counters);
    }
    bool read_counters(thread_number thread, thread_counters& to) override
    {
        if (all_[thread].gone) return false;
        to = all_[thread].counters;
        to.known = true;
        to.at = time;
        return true;
    }

    time_point time{at(0ms)};
    bool answers{true};  // else captures stay under way
    standing where{standing::unknown};
    std::vector<thread_number> captured;
    int revoked{0};

private:
    bool answer(snapshot& to) const
    {
        if (!answers) return false;
        to.addresses[0] = 0x4711;
        to.size = 1;
        to.missing = capture_error::none;
        to.where = where;
        to.taken_at = time;
        return true;
    }

    all_threads& all_;
};

class host_by_numbers final : public watch_host {
public:
    explicit host_by_numbers(all_threads& all) : all_{all} {}

    [[nodiscard]] std::uintptr_t run_call_of(thread_number thread, scheduler_identity const& loop) override
    {
        auto const& calls = all_[thread].calls;
        auto const found = calls.find(loop.address);
        return found != calls.end() ? found->second : 0;
    }
    [[nodiscard]] std::uintptr_t innermost_call_of(thread_number thread, scheduler_identity const& loop) override
    {
        return run_call_of(thread, loop);
    }
    [[nodiscard]] view<seen_handler const> running_handlers() override { return running; }
    [[nodiscard]] view<seen_handler const> running_handlers_lately(time_point, nanoseconds) override { return running; }
    [[nodiscard]] handler_facts facts_of(seen_handler const& one) override
    {
        handler_facts facts;
        facts.known = true;
        facts.type = one.place;
        return facts;
    }
    [[nodiscard]] time_point last_begun_within(seen_handler const& one) override
    {
        return std::max(one.began, last_within);
    }
    void await_end(seen_handler const& one, nanoseconds) override { awaited.push_back(one); }
    [[nodiscard]] handler_fate fate_of(seen_handler const& one) override
    {
        for (seen_handler const& each : running)
            if (each.is_same_as(one) && !(says_end_first && ends.contains(one.stamp))) return {};
        auto const ended = ends.find(one.stamp);
        if (ended == ends.end()) return {handler_fate::is::gone, {}};
        return {handler_fate::is::ended, ended->second};
    }
    [[nodiscard]] maybe<nanoseconds> waited_since(thread_number, time_point, thread_counters const&) override
    {
        return waited;
    }
    [[nodiscard]] void const* counter_of(thread_number) override { return this; }
    void add_counts(void const*, many<std::uint64_t>& to) override
    {
        to.resize(std::max(to.size(), counts.size()));
        for (std::size_t i = 0; i < counts.size(); ++i) to[i] += counts[i];
    }
    [[nodiscard]] loop_runners find_runners(scheduler_identity const& loop, view<loop_thread const>) override
    {
        if (when_searched) std::exchange(when_searched, nullptr)();
        ++searches;
        loop_runners found;
        found.all = sees_all;
        found.looked_at = all_.size();
        for (auto const& [number, thread] : all_)
            if (auto const call = run_call_of(number, loop); call != 0) {
                found.threads[found.size++] = number;
                found.calls.add({number, call});
            }
        return found;
    }
    [[nodiscard]] loop_runners find_runners_lately(scheduler_identity const& loop, view<loop_thread const> known,
                                                   time_point now) override
    {
        loop_runners found = find_runners(loop, known);
        found.as_of = now - age_of_searches;
        return found;
    }
    [[nodiscard]] bool add_other_threads(view<loop_thread const> known, std::size_t room,
                                         many<loop_thread>& to) override
    {
        for (auto const& [number, thread] : all_) {
            if (first_with(known, &loop_thread::number, number) != nullptr) continue;
            if (room-- == 0) return false;
            to.push_back({.number = number});
        }
        return true;
    }
    [[nodiscard]] std::string name_of(thread_number thread) override
    {
        if (no_memory_for_names) throw std::bad_alloc{};
        return std::to_string(thread);
    }
    [[nodiscard]] process_counters read_process_counters() override { return {.known = true}; }
    void read_process(process_reading& to) override { to = {}; }
    void hand_over(watch&, owned<raw_block> block) override
    {
        if (when_handed_over) when_handed_over();
        if (no_memory_to_hand_over) throw std::bad_alloc{};
        blocks.push_back(std::move(block));
    }
    void count_dropped(watch&) override { ++dropped; }

    std::vector<owned<raw_block>> blocks;
    int dropped{0};
    // Handlers that threads write down, the ends that some of them have told of, and how many of each type there were.
    many<seen_handler> running;
    time_point last_within{};  // of all
    std::map<std::uint64_t, time_point> ends;
    bool says_end_first{false};  // before it is not seen any more
    std::vector<std::uint64_t> counts;
    std::vector<seen_handler> awaited;
    maybe<nanoseconds> waited;
    int searches{0};
    nanoseconds age_of_searches{};
    bool sees_all{true};  // of each thread whether it runs the loop
    bool no_memory_for_names{false};
    bool no_memory_to_hand_over{false};
    std::function<void()> when_searched;
    std::function<void()> when_handed_over;

private:
    all_threads& all_;
};

class made_up_loop final : public loop {
public:
    explicit made_up_loop(scheduler_identity known_by) : known_by_{known_by} {}

    void post(pulse_ref) override
    {
        if (no_memory) throw std::bad_alloc{};
        ++posted;
    }
    void dispatch(pulse_ref p) override { post(std::move(p)); }
    [[nodiscard]] bool stopped() const noexcept override { return is_stopped; }
    [[nodiscard]] bool tells_when_stopped() const noexcept override { return true; }
    [[nodiscard]] bool is_prompt() const noexcept override { return true; }
    [[nodiscard]] bool is_strand() const noexcept override { return false; }
    [[nodiscard]] bool is_context() const noexcept override { return true; }
    [[nodiscard]] bool is_exact() const noexcept override { return exact; }
    [[nodiscard]] void const* context() const noexcept override { return nullptr; }
    [[nodiscard]] scheduler_identity scheduler() const noexcept override { return known_by_; }

    int posted{0};
    bool exact{false};
    bool is_stopped{false};
    bool no_memory{false};

private:
    scheduler_identity known_by_;
};

enum class runners { known, unknown };

/// With a threshold of 10 ms and an interval of 2.5 ms: heartbeats each 1.5 ms, and a slack of 0.2 ms. `runner` runs
/// the loop, and has run a heartbeat before.
struct kept_watch {
    static constexpr heartbeat_timing timing = heartbeat_timing::of(10ms, 2500us);

    explicit kept_watch(runners which = runners::known, watch_settings how = {.threshold = 10ms}, bool exact = false)
        : knows{which == runners::known}, target{new made_up_loop{identity()}}
    {
        how.threshold = 10ms;
        target->exact = exact;
        w = shared<watch>{new watch{std::move(how), 2500us, bell, owned<loop>{target}, at(0ms)}};
        enter(runner);
        if (knows) w->beats->note_list(pulse::listing::right, call_of(runner));
        w->threads.presume({.number = runner});
        w->threads.add(runner);
    }

    [[nodiscard]] scheduler_identity identity() const
    {
        return knows ? scheduler_identity{loop_address, 8, 8} : scheduler_identity{};
    }
    static std::uintptr_t call_of(thread_number thread) { return static_cast<std::uintptr_t>(thread) * 16; }
    void enter(thread_number thread, std::uintptr_t of = loop_address) { all[thread].calls[of] = call_of(thread); }
    void leave(thread_number thread, std::uintptr_t of = loop_address) { all[thread].calls.erase(of); }

    /// The heartbeat that is out is run.
    void run_beat(nanoseconds when, thread_number thread = runner)
    {
        if (knows) w->beats->note_list(pulse::listing::right, host.run_call_of(thread, identity()));
        w->beats->note_run(at(when), thread);
    }

    /// The watchdog looks, in time unless `planned` is told. Returns when it means to look again.
    nanoseconds step(nanoseconds when, time_point planned = time_point::max())
    {
        threads.time = at(when);
        time_point const next = keeper.step(*w, at(when), planned);
        return next == time_point::max() ? nanoseconds::max() : next - at(0ms);
    }
    /// A block, from the first heartbeat on, that the watchdog looks at each millisecond until then.
    void block_until(nanoseconds until)
    {
        step(0ms);
        for (nanoseconds now = 10ms; now <= until; now += 1ms) step(now);
    }
    void catch_up(nanoseconds when, time_point planned = time_point::max())
    {
        threads.time = at(when);
        keeper.catch_up(*w, at(when), planned);
    }
    void request_end(nanoseconds when, thread_number by) { watch_keeper::request_end(*w, at(when), by); }

    template <typename Phase>
    [[nodiscard]] bool is_in() const
    {
        return w->is_in<Phase>();
    }
    [[nodiscard]] std::size_t blocks() const { return host.blocks.size(); }
    [[nodiscard]] raw_block const& last() const { return *host.blocks.back(); }

    bool knows;
    all_threads all;
    heard_bell bell;
    made_up_loop* target;  // the watch's
    threads_by_numbers threads{all};
    host_by_numbers host{all};
    watch_keeper keeper{threads, host};
    shared<watch> w;
};

}  // namespace made_up
