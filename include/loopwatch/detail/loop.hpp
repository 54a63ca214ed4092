// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "config.hpp"
#include "executor_kind.hpp"
#include "heartbeat.hpp"
#include "keep_loaded.hpp"
#include "locking.hpp"
#include "owned.hpp"
#include "run_list/scheduler_identity.hpp"
#include "shared.hpp"
#include "untracked_beat.hpp"

#include <atomic>
#include <concepts>
#include <type_traits>
#include <utility>

// Without TS executors an executor's context is known only by a property, which must be named.
#if defined(ASIO_NO_TS_EXECUTORS) || defined(BOOST_ASIO_NO_TS_EXECUTORS)
#include "include_asio.hpp"
#endif
#include "asio_at_hand.hpp"

// How the library reaches a loop without naming a type of Asio's, so that standalone Asio and Boost.Asio both work,
// even in one program: free functions are found by argument-dependent lookup, members by concept, and Asio's
// execution_context is recognised by a member that every context inherits from it.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

template <typename T>
concept has_executor = requires(T& t) { t.get_executor(); };

template <typename T>
concept has_context = requires(T const& t) { t.context(); };

template <typename T>
concept has_inner_executor = requires(T const& t) { t.get_inner_executor(); };

template <typename T>
concept has_queried_context = requires(T const& t) {
    { queried_context(asio_at_hand{}, t) };
};

template <typename T>
concept has_stopped = requires(T const& t) {
    { t.stopped() } -> std::convertible_to<bool>;
};

// &io_context::notify_fork is a pointer to a member of the base class, execution_context, and so gives that type.
template <typename Declaring, typename Result, typename... Args>
Declaring* declaring_class(Result (Declaring::*)(Args...));

template <typename Context>
concept asio_context = requires { declaring_class(&Context::notify_fork); };

template <asio_context Context>
using asio_context_base = std::remove_pointer_t<decltype(declaring_class(&Context::notify_fork))>;

/// A reference to the context of an executor, of the most derived type that is known; void if there is none.
template <typename Executor>
LOOPWATCH_INLINED decltype(auto) context_of(Executor const& executor)
{
    if constexpr (has_inner_executor<Executor>)
        return context_of(executor.get_inner_executor());  // a strand's own context() forgets the type
    else if constexpr (has_context<Executor>)
        return executor.context();
    else if constexpr (has_queried_context<Executor>)
        return queried_context(asio_at_hand{}, executor);
}

template <typename Executor>
using context_of_t = std::remove_cvref_t<decltype(context_of(std::declval<Executor const&>()))>;

// In a namespace of its own, where ordinary lookup finds nothing, so that only argument-dependent lookup counts.
namespace lookup {
template <typename Executor, typename Handler>
concept can_post = requires(Executor const& executor, Handler&& handler) {
    post(executor, std::move(handler));
    dispatch(executor, std::move(handler));
};

template <typename Executor, typename Handler>
LOOPWATCH_INLINED void post_to(Executor const& executor, Handler&& handler)
{
    post(executor, static_cast<Handler&&>(handler));
}
template <typename Executor, typename Handler>
LOOPWATCH_INLINED void dispatch_to(Executor const& executor, Handler&& handler)
{
    dispatch(executor, static_cast<Handler&&>(handler));
}
template <typename Service, typename Context>
LOOPWATCH_INLINED void use_service_of(Context& context)
{
    use_service<Service>(context);
}
}  // namespace lookup

/// A loop, with its executor's type erased.
class loop : public counted {
public:
    LOOPWATCH_INLINED loop() noexcept {}
    virtual ~loop() = default;

    /// Queues a heartbeat, on any thread. Throws: what the executor throws.
    virtual void post(pulse_ref p) = 0;

    /// Runs a heartbeat at once if the calling thread is running the loop; else queues it.
    virtual void dispatch(pulse_ref p) = 0;

    /// Whether the context is stopped; false if unknown, when tells_when_stopped() is false.
    [[nodiscard]] virtual bool stopped() const noexcept = 0;
    [[nodiscard]] virtual bool tells_when_stopped() const noexcept = 0;

    /// Whether post(), stopped() and the executor's destructor are Asio's own, which wait for Asio's mutexes only.
    /// Others may do anything, and are called by a courier (impl/loop/courier.hpp).
    [[nodiscard]] virtual bool is_prompt() const noexcept = 0;

    /// Whether it is known to be a strand: other handlers may run in its context while one of its own does.
    [[nodiscard]] virtual bool is_strand() const noexcept = 0;

    /// Whether it is known to be a whole context: any thread that waits for work there runs what is posted.
    [[nodiscard]] virtual bool is_context() const noexcept = 0;

    /// Whether its threads write down which handlers they run: exact_tracking.hpp. Only if it is a scheduler of Asio's.
    [[nodiscard]] virtual bool is_exact() const noexcept { return false; }

    /// The context of the loop, or null if unknown.
    [[nodiscard]] virtual void const* context() const noexcept = 0;

    /// How the loop's context is found in the lists of what threads run; unknown if it can't be.
    [[nodiscard]] virtual scheduler_identity scheduler() const noexcept = 0;
};

/// Owns a loop, or nothing. Not a std::unique_ptr, for the same reason as pulse_ref.
class loop_ptr {
public:
    LOOPWATCH_INLINED loop_ptr() noexcept {}
    LOOPWATCH_INLINED explicit loop_ptr(loop* one) noexcept : loop_{one} {}
    LOOPWATCH_INLINED loop_ptr(loop_ptr&& other) noexcept : loop_{other.loop_} { other.loop_ = nullptr; }
    loop_ptr(loop_ptr const&) = delete;
    loop_ptr& operator=(loop_ptr&&) = delete;
    loop_ptr& operator=(loop_ptr const&) = delete;
    ~loop_ptr();

    LOOPWATCH_INLINED explicit operator bool() const noexcept { return loop_ != nullptr; }
    [[nodiscard]] owned<loop> released() &&;

private:
    loop* loop_{nullptr};
};

template <typename Executor, typename Context>
auto associated_type()
{
    if constexpr (asio_context<Context>)
        return std::type_identity<asio_context_base<Context>>{};
    else
        return std::type_identity<Executor>{};
}

/// The heartbeat of what an executor runs on.
template <typename Executor>
using heartbeat_of = heartbeat<typename decltype(associated_type<Executor, context_of_t<Executor>>())::type>;

template <typename Executor>
class executor_loop final : public loop {
    using context_type = context_of_t<Executor>;
    using beat = heartbeat_of<Executor>;

public:
    LOOPWATCH_INLINED executor_loop(Executor executor, scheduler_identity scheduler)
        : executor_{static_cast<Executor&&>(executor)}, scheduler_{scheduler}
    {
    }

    void post(pulse_ref p) override
    {
        if constexpr (tracking_of<context_type>() != handler_tracking::off) {
            if (auto* const scheduler = own_scheduler())
                return untracked_beat<names_of<context_type>>::post(*scheduler, static_cast<pulse_ref&&>(p));
        }
        lookup::post_to(executor_, beat{static_cast<pulse_ref&&>(p)});
    }
    void dispatch(pulse_ref p) override
    {
        if constexpr (tracking_of<context_type>() != handler_tracking::off) {
            auto* const scheduler = own_scheduler();
            if (scheduler != nullptr && !scheduler->can_dispatch())
                return untracked_beat<names_of<context_type>>::post(*scheduler, static_cast<pulse_ref&&>(p));
        }
        lookup::dispatch_to(executor_, beat{static_cast<pulse_ref&&>(p)});
    }

    [[nodiscard]] bool stopped() const noexcept override
    {
        if constexpr (has_stopped<context_type>)
            return context_of(executor_).stopped();
        else
            return false;
    }
    [[nodiscard]] bool tells_when_stopped() const noexcept override { return has_stopped<context_type>; }

    [[nodiscard]] bool is_prompt() const noexcept override { return asio_context<context_type> && is_asios(executor_); }

    [[nodiscard]] bool is_strand() const noexcept override
    {
        return has_inner_executor<Executor> || kind_of(executor_) == executor_kind::strand;
    }

    [[nodiscard]] bool is_context() const noexcept override
    {
        return asio_context<context_type> && kind_of(executor_) == executor_kind::context;
    }

    [[nodiscard]] bool is_exact() const noexcept override
    {
        return tracking_of<context_type>() == handler_tracking::writes_down;
    }

    [[nodiscard]] void const* context() const noexcept override
    {
        if constexpr (asio_context<context_type>) {
            // The address of the base, which context_service reports.
            asio_context_base<context_type>& base = context_of(executor_);
            return &base;
        } else {
            return nullptr;
        }
    }

    [[nodiscard]] scheduler_identity scheduler() const noexcept override { return scheduler_; }

private:
    /// The scheduler if heartbeats go into its own queue, else null.
    LOOPWATCH_INLINED auto* own_scheduler() const
    {
        asio_context_base<context_type>& base = context_of(executor_);
        auto* const scheduler = scheduler_of<names_of<context_type>>(base);
        return is_context() ? scheduler : nullptr;
    }

    Executor executor_;
    scheduler_identity scheduler_;
};

/// Called on the thread that destroys the context: when its services are shut down, and when they are destroyed.
LOOPWATCH_DECL void context_shut_down(void const* context);
LOOPWATCH_DECL void context_destroyed(void const* context);

/// A service that Asio notifies of a context's end: services are shut down first, while the context is still whole.
template <typename AsioContext>
class context_service final : public AsioContext::service {
public:
    inline static typename AsioContext::id id;

    explicit context_service(AsioContext& owner) : AsioContext::service{owner}, context_{&owner} {}
    context_service(context_service const&) = delete;
    context_service& operator=(context_service const&) = delete;
    ~context_service() override { detail::context_destroyed(context_); }

private:
    void shutdown() override { detail::context_shut_down(context_); }

    void const* context_;
};

/// The executor of a context; an executor is returned itself.
template <typename Target>
LOOPWATCH_INLINED auto executor_of(Target& target)
{
    if constexpr (has_executor<Target>)
        return target.get_executor();
    else
        return target;
}

/// For the base class of contexts: one error, and no others after it.
template <typename Target>
    requires(asio_context<Target> && !has_executor<Target>)
loop_ptr make_loop(Target&)
{
    static_assert(has_executor<Target>,
                  "loopwatch: an execution_context tells nobody its executor: give the guard the io_context or "
                  "thread_pool itself, or an executor");
    return loop_ptr{};
}

/// Makes a loop of a context or executor, and registers the service that reports the context's end.
/// Throws: std::invalid_argument if the context lacks locks; std::bad_alloc.
template <typename Target>
loop_ptr make_loop(Target& target)
{
    keep_loaded(reinterpret_cast<void const*>(&make_loop<Target>));
    auto executor = executor_of(target);
    using executor_type = std::remove_cv_t<decltype(executor)>;
    using context_type = context_of_t<executor_type>;
    if constexpr (!lookup::can_post<executor_type, heartbeat_of<executor_type>>) {  // one error, and no others after it
        static_assert(!asio_context<context_type>,
                      "loopwatch: this loop's Asio was included below loopwatch, and without post() and dispatch(): "
                      "include loopwatch/asio.hpp, or loopwatch/boost_asio.hpp for Boost's");
        static_assert(asio_context<context_type>,
                      "loopwatch: this is neither an execution context nor an executor: there are no "
                      "post(executor, handler) and dispatch(executor, handler) for it");
        return loop_ptr{};
    } else {
        scheduler_identity scheduler;  // NOLINT(misc-const-correctness): unknown for other contexts
        if constexpr (asio_context<context_type>) {
            using base = asio_context_base<context_type>;
            base& context = context_of(executor);
            if constexpr (has_names<base>) require_locking<names_of<base>>(context);
            lookup::use_service_of<context_service<base>>(context);
            if (auto const find = finder_for<base>.load(std::memory_order_acquire))
                scheduler = reinterpret_cast<scheduler_finder>(find)(&context);
        }
        return loop_ptr{new executor_loop<executor_type>{static_cast<executor_type&&>(executor), scheduler}};
    }
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
