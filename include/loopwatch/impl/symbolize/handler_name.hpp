// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/fixed.hpp"
#include "code_origin.hpp"
#include "function_name.hpp"
#include "type_text.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

// What the type of one of Asio's operations says of it: which operation it is, and whose handler it completes. Pure.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

struct handler_name {
    std::string operation{};  // "post", "async_read"; "": the type does not say
    bool composed{false};     // it is one that is made of others, as async_read() is of async_receive's
    std::string handler{};    // "serve(int)::{lambda}", "app::on_timer", "coroutine"; "": it is of an erased type
    /// The type does not say which function is called: it is a pointer to one ("void (session::*)(int)"), or a lambda
    /// of which the compiler does not tell the function around it.
    bool nameless{false};
    std::string member_of{};  // then, of a member function: its class
    bool runs_others{false};  // a strand: its handlers are known by themselves
};

/// Whose argument is the handler, of a template that wraps one. `at` < 0: counted from the end.
struct handler_place {
    std::string_view name;
    int at;
    std::string_view operation{};
};

/// Asio's own operations; where several stand for one, by what is left of "reactive_socket_recv_op".
// Operations that wait have the types of their executors behind that of the handler.
inline constexpr fixed asio_operations{
    handler_place{"executor_op", 0, "post"},
    handler_place{"completion_handler", 0, "post"},
    handler_place{"blocking_executor_op", 0, "dispatch"},
    handler_place{"wait_handler", 0, "async_wait"},
    handler_place{"signal_handler", 0, "async_wait"},
    handler_place{"wait_op", 0, "async_wait"},
    handler_place{"null_buffers_op", 0, "async_wait"},
    handler_place{"recv_op", -2, "async_receive"},
    handler_place{"recvfrom_op", -2, "async_receive_from"},
    handler_place{"recvmsg_op", -2, "async_receive"},
    handler_place{"send_op", -2, "async_send"},
    handler_place{"sendto_op", -2, "async_send_to"},
    handler_place{"accept_op", -2, "async_accept"},
    handler_place{"move_accept_op", -2, "async_accept"},
    handler_place{"connect_op", -2, "async_connect"},
    handler_place{"descriptor_read_op", -2, "async_read_some"},
    handler_place{"descriptor_write_op", -2, "async_write_some"},
    handler_place{"descriptor_read_at_op", -2, "async_read_some_at"},
    handler_place{"descriptor_write_at_op", -2, "async_write_some_at"},
    handler_place{"resolve_query_op", -2, "async_resolve"},
    handler_place{"resolve_endpoint_op", -2, "async_resolve"},
    handler_place{"channel_receive_op", -2, "async_receive"},
    handler_place{"channel_send_op", -2, "async_send"},
};

constexpr handler_place const* operation_named(std::string_view name)
{
    for (std::string_view const how : {"reactive_socket_", "io_uring_socket_", "reactive_", "io_uring_"})
        if (name.starts_with(how)) {
            name.remove_prefix(how.size());
            break;
        }
    for (handler_place const& each : asio_operations)
        if (each.name == name) return &each;
    return nullptr;
}

/// Those that are made of other operations, by how their names begin.
inline constexpr fixed asio_composed_operations{
    handler_place{"read_until_", -1, "async_read_until"},
    handler_place{"read_at_", -1, "async_read_at"},
    handler_place{"write_at_", -1, "async_write_at"},
    handler_place{"read_", -1, "async_read"},
    handler_place{"write_", -1, "async_write"},
    handler_place{"range_connect_", -1, "async_connect"},
    handler_place{"iterator_connect_", -1, "async_connect"},
};

constexpr handler_place const* composed_named(std::string_view name)
{
    if (name.find("_op") == name.npos) return nullptr;
    for (handler_place const& each : asio_composed_operations)
        if (name.starts_with(each.name)) return &each;
    return nullptr;
}

/// What passes on to a handler.
inline constexpr fixed asio_wrappers{
    handler_place{"binder0", 0},
    handler_place{"binder1", 0},
    handler_place{"binder2", 0},
    handler_place{"binder3", 0},
    handler_place{"binder4", 0},
    handler_place{"binder5", 0},
    handler_place{"move_binder1", 0},
    handler_place{"move_binder2", 0},
    handler_place{"executor_binder", 0},
    handler_place{"allocator_binder", 0},
    handler_place{"cancellation_slot_binder", 0},
    handler_place{"immediate_executor_binder", 0},
    handler_place{"append_handler", 0},
    handler_place{"prepend_handler", 0},
    handler_place{"consign_handler", 0},
    handler_place{"as_tuple_handler", 0},
    handler_place{"as_single_handler", 0},
    handler_place{"redirect_error_handler", 0},
    handler_place{"redirect_disposition_handler", 1},
    handler_place{"deferred_sequence_handler", 0},
    handler_place{"timed_cancel_op", 0},
    handler_place{"timed_cancel_op_handler", 0},
    handler_place{"any_completion_handler_impl", 0},
    handler_place{"packaged_handler", 0},
    handler_place{"promise_function_wrapper", 0},
    handler_place{"rewrapped_handler", 0},
    handler_place{"wrapped_handler", 1},
    handler_place{"completion_payload_handler", 1},
    handler_place{"buffered_fill_handler", 0},
    handler_place{"buffered_flush_handler", 0},
    handler_place{"buffered_read_some_handler", 1},
    handler_place{"buffered_write_some_handler", 1},
    handler_place{"composed_op", 2},
    handler_place{"parallel_group_op_handler", 2},
    handler_place{"parallel_group_op_handler_with_executor", 3},
    handler_place{"parallel_group_completion_handler", 0},
    handler_place{"ranged_parallel_group_op_handler", 1},
    handler_place{"ranged_parallel_group_op_handler_with_executor", 2},
    handler_place{"ranged_parallel_group_completion_handler", 0},
};

constexpr handler_place const* wrapper_named(std::string_view name)
{
    for (handler_place const& each : asio_wrappers)
        if (each.name == name) return &each;
    return nullptr;
}

// Types are nested in types, and so is what looks into them.
// NOLINTBEGIN(misc-no-recursion)

/// Finds the user's handler in the type of an operation.
class handler_search {
public:
    /// `type`: as type_text() spells it.
    [[nodiscard]] handler_name operator()(std::string_view type)
    {
        look_into(type, 0);
        return std::move(found_);
    }

private:
    static constexpr int deepest = 64;  // real ones are nested some ten deep

    /// Returns whether what this type stands for is known: then `found_` says it.
    bool look_into(std::string_view type, int depth)
    {
        if (depth > deepest) return false;
        type = plain(type);
        if (is_pointer_to_function(type)) return found_pointer(type);
        if (type.ends_with("{lambda}") || is_lambda_of_call(type)) return found_named(type);
        template_parts const parts = template_parts_of(type);
        bool const is_boosts = parts.name.starts_with("boost::asio::") || parts.name.starts_with("boost::beast::");
        std::string_view const name = is_boosts ? parts.name.substr(7) : parts.name;
        std::string_view const last = last_part(name);
        if (name.starts_with("asio::")) return look_into_asio(name, last, parts, depth);
        if (name.starts_with("std::") || name.starts_with("boost::_") || name.starts_with("boost::function"))
            return look_into_std(last, parts, depth);
        if (name.starts_with("beast::")) {
            note_of_beast(last);
            return search(parts, depth);
        }
        if (origin_of(type, {}) != code_origin::user) return search(parts, depth);
        return found_named(type);
    }

    bool look_into_asio(std::string_view name, std::string_view last, template_parts const& parts, int depth)
    {
        using namespace std::string_view_literals;
        if (name.find("strand_executor_service::invoker") != name.npos) {
            found_.operation = "strand";
            found_.runs_others = true;
            return true;
        }
        for (auto const start :
             {"awaitable_"sv, "co_spawn"sv, "co_composed"sv, "coro_"sv, "spawn"sv, "old_spawn"sv, "coro<"sv})
            if (last.starts_with(start)) return found_as("coroutine");
        if (last == "detached_handler") return found_as("detached");
        if (last == "promise_handler") return found_as("use_future");
        if (auto const* const composed = composed_named(last)) {
            found_.operation = composed->operation;
            found_.composed = true;
            return look_at(parts, composed->at, depth);
        }
        if (name.starts_with("asio::ssl::") && last == "io_op") {
            note_of_ssl(parts);
            return look_at(parts, -1, depth);
        }
        if (auto const* const operation = operation_named(last)) {
            if (found_.operation.empty()) found_.operation = operation->operation;
            return look_at(parts, operation->at, depth);
        }
        if (last == "work_dispatcher") {  // of a function, in newer ones; a handler, its executor, and void
            int const behind = !parts.arguments.empty() && parts.arguments.back() == "void" ? -3 : -2;
            return look_at(parts, behind, depth);
        }
        if (auto const* const wrapper = wrapper_named(last)) {
            // What takes arguments was not posted by the user: a result is on its way to the handler's executor.
            if (last.starts_with("binder") && last != "binder0" && found_.operation == "post")
                found_.operation = "dispatch";
            return look_at(parts, wrapper->at, depth);
        }
        if (last == "executor_function" || last.starts_with("any_completion_handler")) return false;
        return search(parts, depth);
    }

    bool look_into_std(std::string_view last, template_parts const& parts, int depth)
    {
        using namespace std::string_view_literals;
        for (auto const erased : {"function"sv, "move_only_function"sv, "copyable_function"sv, "packaged_task"sv})
            if (last == erased) return false;
        if (last == "_Bind" || last == "_Bind_result") {  // of a function's type: what is called, and by what
            if (parts.arguments.empty()) return false;
            std::string_view const call = parts.arguments.back();
            if (is_pointer_to_function(call)) return found_pointer(call);
            auto const open = call.ends_with(')') ? opening_of(call, call.size() - 1) : call.npos;
            return look_into(call.substr(0, open), depth + 1);
        }
        bool const is_member = last.starts_with("mf") || last.starts_with("cmf");  // of boost::_mfi
        if (is_member && parts.arguments.size() >= 2) {
            std::string text{parts.arguments[0]};
            ((text += " (") += parts.arguments[1]) += "::*)(";
            for (std::size_t i = 2; i < parts.arguments.size(); ++i) (text += i > 2 ? ", " : "") += parts.arguments[i];
            return found_pointer(text += ')');
        }
        return search(parts, depth);
    }

    /// What is not known to wrap a handler: looks at all arguments, at first for what can be nothing else.
    bool search(template_parts const& parts, int depth)
    {
        for (std::string_view const each : parts.arguments)
            if (may_be_call(each) && look_into(each, depth + 1)) return true;
        for (std::string_view const each : parts.arguments)
            if (!may_be_call(each) && is_type(each) && look_into(each, depth + 1)) return true;
        return false;
    }

    bool look_at(template_parts const& parts, int at, int depth)
    {
        auto const count = static_cast<int>(parts.arguments.size());
        int const which = at < 0 ? std::max(count + at, 0) : at;
        return which < count && look_into(parts.arguments[static_cast<std::size_t>(which)], depth + 1);
    }

    void note_of_ssl(template_parts const& parts)
    {
        std::string_view const what =
            parts.arguments.size() < 2 ? "" : last_part(template_parts_of(parts.arguments[1]).name);
        found_.composed = true;
        if (what == "handshake_op" || what == "buffered_handshake_op")
            found_.operation = "async_handshake";
        else if (what == "shutdown_op")
            found_.operation = "async_shutdown";
        else if (what == "read_op")
            found_.operation = "async_read_some";
        else if (what == "write_op")
            found_.operation = "async_write_some";
        else
            found_.composed = false;
    }

    /// "read_some_op" is what async_read_some() is made of, "write_msg_op" is http's async_write().
    void note_of_beast(std::string_view last)
    {
        using namespace std::string_view_literals;
        if (!last.ends_with("_op")) return;
        last.remove_suffix(3);
        if (last.ends_with("_msg")) last.remove_suffix(4);
        for (auto const known : {"read"sv, "read_some"sv, "write"sv, "write_some"sv, "accept"sv, "handshake"sv,
                                 "close"sv, "ping"sv, "connect"sv})
            if (last == known) {
                found_.operation = std::string{"async_"} += known;
                found_.composed = true;
            }
    }

    bool found_named(std::string_view type)
    {
        if (origin_of(type, {}) != code_origin::user) {
            // One of Asio's own lambdas: a coroutine's last step, or what is not told.
            return type.find("co_spawn") != type.npos && found_as("coroutine");
        }
        found_.handler = clean_function_name(std::string{type}).text;
        found_.nameless = found_.handler == "{lambda}";
        return true;
    }
    bool found_as(std::string_view what)
    {
        found_.handler = what;
        return true;
    }

    /// "void (app::session::*(std::shared_ptr<app::session>))(int)", as std::bind has it, or without what is bound.
    bool found_pointer(std::string_view type)
    {
        std::size_t const before = up_to(type, "(").size() + 1;
        auto const star = before + up_to(type.substr(before), "*&").size();
        std::string text{type.substr(0, star)};
        text += '*';  // also for libc++'s reference to a function
        std::string_view rest = type.substr(star + 1);
        if (rest.starts_with('(')) rest.remove_prefix(end_of_bracket(rest, 0));
        text += rest;
        std::string_view const of = type.substr(before, star - before);
        if (of.ends_with("::")) found_.member_of = of.substr(0, of.size() - 2);
        found_.handler = std::move(text);
        found_.nameless = true;
        return true;
    }

    static std::string_view plain(std::string_view type)
    {
        using namespace std::string_view_literals;
        type = without_blanks_around(type);
        for (bool more = true; more;) {
            more = false;
            for (auto const what : {" const"sv, " volatile"sv, "&"sv})
                if (type.ends_with(what)) {
                    type.remove_suffix(what.size());
                    more = true;
                }
        }
        return type;
    }

    static constexpr std::string_view last_part(std::string_view name)
    {
        auto const at = name.rfind("::");
        return at == name.npos ? name : name.substr(at + 2);
    }

    /// "void (*)(int)", "void (session::*(session*, int))(int)".
    static bool is_pointer_to_function(std::string_view type)
    {
        std::string_view const before = up_to(type, "(");
        if (before.size() == type.size() || !before.ends_with(' ')) return false;
        std::string_view const inside = type.substr(before.size() + 1);
        std::string_view const of = up_to(inside, "*&()");
        bool const refers = of.size() < inside.size() && (inside[of.size()] == '*' || inside[of.size()] == '&');
        return refers && (of.empty() || of.ends_with("::"));
    }

    /// A class in a lambda, or what else has one of a call's marks.
    static bool is_lambda_of_call(std::string_view type)
    {
        return up_to(type, "<").size() == type.size() && type.find("{lambda}::") != type.npos;
    }

    static bool may_be_call(std::string_view type)
    {
        return type.find("{lambda}") != type.npos || type.find("::*") != type.npos || type.find("(*") != type.npos ||
               type.find("(&)") != type.npos;
    }

    /// Not a number, nor "true".
    static bool is_type(std::string_view argument)
    {
        return !argument.empty() && argument != "true" && argument != "false" && argument != "void" &&
               std::string_view{"-0123456789("}.find(argument[0]) == argument.npos;
    }

    handler_name found_;
};

// NOLINTEND(misc-no-recursion)

/// `compilers_name`: of the operation's type, as exact::state.names has it. Throws: std::bad_alloc.
[[nodiscard]] inline handler_name handler_name_of(std::string_view compilers_name)
{
    return handler_search{}(type_text(compilers_name));
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
