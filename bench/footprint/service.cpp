// SPDX-License-Identifier: BSL-1.0

// The program whose memory is measured, built in several ways, with and without a guard: see footprint.cpp. Prints a
// line for each figure: where in the program's life, what, how much.
//   service <blocks>
#include <asio.hpp>

#if FOOTPRINT_HAS_GUARD
#include <loopwatch/loopwatch.hpp>
#endif

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <link.h>
#include <pthread.h>
#include <sys/mman.h>

using namespace std::chrono_literals;

namespace {

void tell(char const* when, char const* what, double value) { std::printf("%s %s %.3f\n", when, what, value); }

// --- what the kernel says of this process ---

/// A figure of a file in /proc/self, by the name that stands before it.
double figure(char const* file, std::string const& name)
{
    std::ifstream lines{std::string{"/proc/self/"} + file};
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(name + ":")) return std::stod(line.substr(name.size() + 1));
    throw std::runtime_error{std::string{file} + " has no " + name};
}

std::ptrdiff_t open_files()
{
    std::filesystem::directory_iterator const all{"/proc/self/fd"};
    return std::distance(begin(all), end(all)) - 1;  // one is of the listing
}

void tell_figures(char const* when)
{
    constexpr double kb_per_mb = 1024;
    tell(when, "threads", figure("status", "Threads"));
    tell(when, "files", static_cast<double>(open_files()));
    tell(when, "addresses", figure("status", "VmSize") / kb_per_mb);
    tell(when, "resident", figure("smaps_rollup", "Rss") / kb_per_mb);
    tell(when, "anonymous", figure("smaps_rollup", "Anonymous") / kb_per_mb);
}

/// What a program maps of its file, and how many libraries come with it.
void tell_of_the_file()
{
    struct loaded {
        double program{0};
        int modules{0};
    } seen;
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* to) {
            auto& all = *static_cast<loaded*>(to);
            if (all.modules++ > 0) return 0;
            for (auto const& part : std::span{info->dlpi_phdr, info->dlpi_phnum})
                if (part.p_type == PT_LOAD) all.program += static_cast<double>(part.p_filesz);
            return 0;
        },
        &seen);
    tell("file", "loaded", seen.program / 1024);
    tell("file", "modules", seen.modules);
}

// --- a stack of which it is known how much was used ---

constexpr std::size_t stack_size = std::size_t{1} << 20;
constexpr std::byte paint{0xa5};

/// Calls `f` on a thread of its own, and returns how many bytes of stack were used below `f`'s caller.
std::size_t stack_used(std::function<void()> const& f)
{
    void* const memory =
        ::mmap(nullptr, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error{"there is no memory for a stack"};
    std::span const stack{static_cast<std::byte*>(memory), stack_size};
    std::ranges::fill(stack, paint);

    struct work {
        std::function<void()> const& f;
        std::byte const* began{nullptr};
    } todo{f};
    pthread_attr_t attributes;
    pthread_t thread{};
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstack(&attributes, memory, stack_size);
    auto const run = [](void* given) -> void* {
        auto& mine = *static_cast<work*>(given);
        mine.began = static_cast<std::byte const*>(__builtin_frame_address(0));
        mine.f();
        return nullptr;
    };
    if (::pthread_create(&thread, &attributes, run, &todo) != 0) throw std::runtime_error{"there is no thread"};
    ::pthread_join(thread, nullptr);
    ::pthread_attr_destroy(&attributes);
    auto const used = std::ranges::find_if(stack, [](std::byte each) { return each != paint; });
    auto const deepest = static_cast<std::size_t>(used - stack.begin());
    auto const top = static_cast<std::size_t>(todo.began - stack.data());
    ::munmap(memory, stack_size);
    return top - deepest;
}

// --- the work ---

template <int Place>
[[gnu::noinline]] void block_here(std::chrono::nanoseconds length)
{
    std::this_thread::sleep_for(length);
    if constexpr (Place < 0) std::abort();  // each place is a function of its own
}

template <int... Places>
constexpr auto blockers(std::integer_sequence<int, Places...>)
{
    return std::array{&block_here<Places>...};
}

constexpr auto threshold = 4ms;
constexpr auto block = 6ms;

asio::awaitable<void> answer(int request)
{
    constexpr auto places = blockers(std::make_integer_sequence<int, 10>{});
    places[static_cast<std::size_t>(request) % places.size()](block);
    co_return;
}

asio::awaitable<void> serve(int requests)
{
    asio::steady_timer pause{co_await asio::this_coro::executor};
    for (int i = 0; i < requests; ++i) {
        co_await answer(i);
        pause.expires_after(2ms);
        co_await pause.async_wait(asio::use_awaitable);
    }
}

void run_for(asio::io_context& loop, std::chrono::nanoseconds time)
{
    asio::steady_timer end{loop, time};
    end.async_wait([](asio::error_code) {});
    loop.restart();
    loop.run();
}

void serve_on(asio::io_context& loop, int requests)
{
    asio::co_spawn(loop, serve(requests), asio::detached);
    loop.restart();
    loop.run();
}

/// A handler that computes beyond the threshold: its thread is asked for its stack by a signal.
void compute_on(asio::io_context& loop)
{
    asio::post(loop, [] {
        for (auto const until = std::chrono::steady_clock::now() + 5 * threshold;
             std::chrono::steady_clock::now() < until;) {
        }
    });
    loop.restart();
    loop.run();
}

#if FOOTPRINT_HAS_GUARD
loopwatch::options const how{.threshold = threshold, .action = loopwatch::on_block::log};
#endif

void tell_stacks()
{
    asio::io_context loop;
    double const plain = static_cast<double>(stack_used([&] { compute_on(loop); }));
    tell("stack", "loop", plain);
#if FOOTPRINT_HAS_GUARD
    std::optional<loopwatch::no_loop_blocking> guard;
    tell("stack", "begin", static_cast<double>(stack_used([&] { guard.emplace(loop, how); })));
    tell("stack", "capture", static_cast<double>(stack_used([&] { compute_on(loop); })) - plain);
    tell("stack", "end", static_cast<double>(stack_used([&] { guard->finish(); })));
#endif
}

#if FOOTPRINT_HAS_GUARD
/// As it is used in a service.
class watch {
public:
    explicit watch(asio::io_context& loop) : guard_{loop, how} {}

    /// Also waits until what was seen is reported.
    [[nodiscard]] bool has_seen_a_block() const { return !guard_.blocks().empty() || !guard_.excused().empty(); }

    /// Whether one can be seen: with LOOPWATCH_OPTIONS=loopwatch=off there is no watchdog.
    [[nodiscard]] static bool is_on() { return figure("status", "Threads") > 1; }

    void tell(asio::io_context& loop) const
    {
        constexpr int many = 100;
        double const before = figure("smaps_rollup", "Anonymous");
        std::vector<std::unique_ptr<loopwatch::no_loop_blocking>> others;
        for (int i = 0; i < many; ++i) others.push_back(std::make_unique<loopwatch::no_loop_blocking>(loop, how));
        run_for(loop, 20 * threshold);
        ::tell("guard", "another", (figure("smaps_rollup", "Anonymous") - before) / many);
        auto const blocks = guard_.blocks();
        ::tell("guard", "blocks", blocks.empty() ? 0 : static_cast<double>(blocks.back().number));
        ::tell("guard", "dropped", static_cast<double>(guard_.dropped()));
    }

private:
    loopwatch::no_loop_blocking guard_;
};
#else
class watch {
public:
    explicit watch(asio::io_context&) {}
    [[nodiscard]] static bool has_seen_a_block() { return true; }
    [[nodiscard]] static bool is_on() { return false; }
    static void tell(asio::io_context&) {}
};
#endif

}  // namespace

int main(int argc, char** argv)
{
    int const blocks = argc > 1 ? std::atoi(argv[1]) : 100;
    asio::io_context loop;
    run_for(loop, 1ms);
    tell_of_the_file();
    {
        watch const watched{loop};
        run_for(loop, 20 * threshold);
        tell_figures("idle");
        serve_on(loop, 1);
        for (int i = 0; i < 100 && watch::is_on() && !watched.has_seen_a_block(); ++i) serve_on(loop, 1);
        tell_figures("first");
        serve_on(loop, blocks);
        static_cast<void>(watched.has_seen_a_block());
        tell_figures("later");
        watched.tell(loop);
    }
    tell_stacks();
    return 0;
}
