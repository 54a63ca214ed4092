// SPDX-License-Identifier: BSL-1.0
#pragma once

// What the capture will give the search, taken by a thread of itself: a signal's handler copies registers and stack.

#if LOOPWATCH_TEST_BOOST_ASIO
#include <utility>  // Boost.Asio 1.74 forgets it
#include <boost/asio.hpp>
namespace net = boost::asio;
#else
#include <asio.hpp>
namespace net = asio;
#endif

#include "coroutine/support/function_start.hpp"
#include "coroutine/support/own_memory.hpp"
#include <loopwatch/coroutines.hpp>
#include <loopwatch/impl/coroutine/awaitable_layouts.hpp>
#include <loopwatch/impl/coroutine/awaiters.hpp>
#include <loopwatch/impl/symbolize/function_name.hpp>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <loopwatch/impl/symbolize/symbolize.hpp>
#include <pthread.h>
#include <signal.h>
#include <ucontext.h>
#include <unwind.h>

struct self_capture {
    std::array<std::byte, 65536> bytes;
    std::array<std::uintptr_t, 128> addresses;
#if defined(__x86_64__)
    std::array<std::uintptr_t, 23> registers;
#else
    std::array<std::uintptr_t, 31> registers;
#endif
    std::uintptr_t base, size, stack_end, depth, stop_at;
    std::atomic<int> done;
    std::atomic<bool> freeze{false};  // wait in the handler until done is 2
};

inline thread_local self_capture* capture_to = nullptr;

inline _Unwind_Reason_Code capture_frame(_Unwind_Context* context, void* state)
{
    auto& c = *static_cast<self_capture*>(state);
    auto const address = static_cast<std::uintptr_t>(_Unwind_GetIP(context));
    if (c.depth == 0 && address != c.stop_at) return _URC_NO_REASON;
    if (address == 0 || c.depth == c.addresses.size()) return _URC_END_OF_STACK;
    c.addresses[c.depth++] = address;
    return _URC_NO_REASON;
}

inline void capture_handler(int, siginfo_t*, void* context)
{
    self_capture* c = capture_to;
    if (c == nullptr) return;
    auto const& machine = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
    auto const& regs = machine.gregs;
    auto const sp = static_cast<std::uintptr_t>(regs[REG_RSP]);
    c->stop_at = static_cast<std::uintptr_t>(regs[REG_RIP]);
#else
    auto const& regs = machine.regs;
    auto const sp = static_cast<std::uintptr_t>(machine.sp);
    c->stop_at = static_cast<std::uintptr_t>(machine.pc);
#endif
    for (std::size_t i = 0; i < c->registers.size(); ++i) c->registers[i] = static_cast<std::uintptr_t>(regs[i]);
    c->base = sp - 128;
    c->size = std::min<std::uintptr_t>(c->bytes.size(), c->stack_end - c->base);
#if defined(__x86_64__)
    // Not memcpy: sanitizers intercept it, and there are red zones on the way.
    void* to = c->bytes.data();
    auto from = reinterpret_cast<void const*>(c->base);
    std::uintptr_t count = c->size;
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
#else
    std::memcpy(c->bytes.data(), reinterpret_cast<void const*>(c->base), c->size);
#endif
    c->depth = 0;
    _Unwind_Backtrace(&capture_frame, c);
    c->done.store(1);
    while (c->freeze && c->done != 2) {  // and 3: it has seen that
    }
    if (c->freeze) c->done = 3;
}

inline void prepare_thread(self_capture& c)
{
    pthread_attr_t attributes;
    pthread_getattr_np(pthread_self(), &attributes);
    void* low;
    std::size_t size;
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
    c.stack_end = reinterpret_cast<std::uintptr_t>(low) + size;
    c.done = 0;
    capture_to = &c;
    struct sigaction action{};
    action.sa_sigaction = &capture_handler;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGURG, &action, nullptr);
}

inline loopwatch::detail::coroutine_evidence evidence_of(self_capture const& c)
{
    return {.stack = {c.base, {c.bytes.data(), c.size}},
            .stack_end = c.stack_end,
            .registers = c.registers,
            .addresses = {c.addresses.data(), c.depth},
            .first_is_exact = true};
}

inline loopwatch::detail::awaiter_chain find_in(self_capture const& c)
{
    auto const layouts = loopwatch::detail::process_awaitable_layouts.known();
    return loopwatch::detail::find_awaiters(evidence_of(c), {layouts.begin(), layouts.size},
                                            loopwatch::detail::own_memory{},
                                            loopwatch::detail::unwinder_function_start{});
}

inline std::string symbol_name(std::uintptr_t address)
{
    static loopwatch::detail::debug_information& known = [&]() -> auto& {
        static loopwatch::detail::debug_information all;
        all.follow_modules("/proc/self/exe", true, false);
        return all;
    }();
    std::string const name = known.symbol_at(address);
    return name.empty() ? "?" : name;
}

/// "upload", whatever its arguments, template arguments and namespaces are.
inline std::string short_name(std::uintptr_t address)
{
    std::string name = loopwatch::detail::clean_function_name(symbol_name(address)).text;
    if (name.find("co_spawn_entry_point") != name.npos) return "co_spawn_entry_point";
    if (name.find("{lambda") != name.npos || name.find("$_") != name.npos || name.find("'lambda") != name.npos)
        return "lambda";
    if (auto const at = name.find("operator||"); at != name.npos) return "operator||";
    if (auto const at = name.find("operator&&"); at != name.npos) return "operator&&";
    std::string out;
    int depth = 0;
    name = name.substr(0, [&] {
        int angle = 0;
        for (std::size_t i = 0; i < name.size(); ++i) {
            if (name.compare(i, 21, "(anonymous namespace)") == 0) {
                i += 20;
                continue;
            }
            if (name[i] == '<') ++angle;
            if (name[i] == '>') --angle;
            if (name[i] == '(' && angle == 0) return i;
        }
        return name.size();
    }());
    for (char ch : name) {
        if (ch == '<') ++depth;
        if (depth == 0) out += ch;
        if (ch == '>') --depth;
    }
    for (auto const* separator : {" ", "::"})
        if (auto const at = out.rfind(separator); at != out.npos) out = out.substr(at + std::strlen(separator));
    return out;
}

inline std::string text_of(loopwatch::detail::awaiter_chain const& chain)
{
    if (chain.running == 0) return "none";
    std::string text = short_name(chain.running);
    for (auto const address : chain.awaiters()) text += " <- " + short_name(address);
    if (chain.cut) text += " <- ...";
    return text;
}

/// The chain at this moment, as text. Not inlined, and after it there is work to do: its caller stays on the stack.
[[gnu::noinline]] inline std::string chain_here()
{
    static thread_local self_capture capture;
    prepare_thread(capture);
    raise(SIGURG);
    capture_to = nullptr;
    return text_of(find_in(capture));
}
