// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../handler_info.hpp"
#include "../base/clock.hpp"
#include "../base/view.hpp"
#include "../evidence/describe.hpp"
#include "../evidence/reading.hpp"
#include "../exact/handler_facts.hpp"
#include "../symbolize/code_origin.hpp"
#include "../symbolize/function_name.hpp"
#include "../symbolize/handler_name.hpp"

#include <cstddef>
#include <string>
#include <string_view>

// Which handler it was, by what was read of it, by its type, and by the stack that is shown. Pure.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The function that the handler is: the user's outermost in it. Null: it is not known, or where the handler begins.
inline frame const* function_of_handler(view<frame const> stack)
{
    if (stack.empty() || !stack[stack.size() - 1].outside) return nullptr;
    for (std::size_t i = stack.size(); i-- > 0;)
        if (!stack[i].outside && origin_of(stack[i]) == code_origin::user)
            return stack[i].function.empty() ? nullptr : &stack[i];
    return nullptr;
}

/// A function as a handler's name: "session::on_read" of "session::on_read(int)", "printer" of "printer::operator()()
/// const".
inline std::string as_handler(frame const& f)
{
    if (f.coroutine) return "coroutine";
    std::string_view name = f.function;
    for (std::string_view const what : {" &&", " &", " volatile", " const"})
        if (name.ends_with(what)) name.remove_suffix(what.size());
    if (name.ends_with(')')) {
        auto const open = opening_of(name, name.size() - 1);
        if (open != name.npos && open > 0) name = name.substr(0, open);
    }
    constexpr std::string_view call = "::operator()";
    if (name.ends_with(call)) name.remove_suffix(call.size());
    return std::string{name};
}

/// The user's handler. Its type tells it, or, where it is of an erased type, a pointer to some function, or one of a
/// strand's, the stack.
inline std::string handler_text_of(handler_name const& type, view<frame const> stack)
{
    if (!type.handler.empty() && !type.nameless) return type.handler;
    frame const* const f = function_of_handler(stack);
    if (f == nullptr) return type.handler;
    // Where that member function was inlined, and nothing tells so, the stack begins with what it called.
    if (!type.member_of.empty() && !f->function.starts_with(type.member_of + "::")) return type.handler;
    return as_handler(*f);
}

/// What a descriptor is connected to: "tcp 127.0.0.1:9000", without its own address; else what it is.
inline std::string describe_peer(descriptor_reading const& d)
{
    if (d.number < 0) return {};
    if (d.peer.size == 0) return describe_target(d);
    descriptor_reading other_end = d;
    other_end.local = d.peer;
    other_end.peer = {};
    return describe_target(other_end);
}

/// Whether a location is of the program's code. Composed operations give their own.
inline bool is_users_file(std::string_view file)
{
    for (std::string_view const inside : {"asio/impl/", "asio/detail/", "asio/experimental/"})
        if (file.find(inside) != file.npos) return false;
    return origin_of_file(file) == code_origin::user;
}

/// What is run at once says no object: its type and its operation are known from the type.
inline handler_info info_of(handler_facts const& h, handler_name const& type, view<frame const> stack)
{
    handler_info info;
    if (!h.known) return info;
    bool const waited_for_result = !h.operation.empty();
    info.operation = type.composed || !waited_for_result ? type.operation : std::string{h.operation.view()};
    info.completion_handler = handler_text_of(type, stack);
    info.object_type = h.object_type.view();
    info.object = h.object;
    // Timers and others that have none give 0.
    bool const has_descriptor = info.object_type == "socket" || info.object_type == "descriptor" || h.native > 0;
    if (has_descriptor) info.native_handle = h.native;
    if (has_descriptor) info.peer = describe_peer(h.descriptor);
    if (!h.file.empty() && is_users_file(h.file.view())) {
        info.file = h.file.view();
        info.line = h.line;
    }
    info.started = h.started_before;
    info.queued = h.queued;
    return info;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
