// SPDX-License-Identifier: BSL-1.0

// A function of each kind that has a name of its own. Compiled by several compilers and at several optimizations, with
// no other function of the program between them and what they call.
#include "ways.hpp"

#include <coroutine>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

calls const* to_call;
int volatile tail;  // a tail call leaves no frame

}  // namespace

#define PLACE(number)                                                                       \
    if (to_call->at != nullptr) to_call->at(number);                                        \
    if (to_call->sleeps_in == (number)) to_call->sleep(to_call->microseconds); /* NOLINT */ \
    tail = tail + 1

namespace app {

enum class kind { some, other };
struct config {
    int n;
};

static int parses(int n, char const* s)
{
    PLACE(1);
    return n + (s != nullptr ? 1 : 0);
}

inline int loads(std::string_view s, long n)
{
    PLACE(2);
    return static_cast<int>(s.size()) + static_cast<int>(n);
}

namespace {

struct request {
    int bytes;

    explicit request(int b) : bytes{b} { PLACE(3); }
    ~request() { PLACE(4); }
    int handle(unsigned long n) const
    {
        PLACE(5);
        return bytes + static_cast<int>(n);
    }
    explicit operator long() const
    {
        PLACE(6);
        return bytes;
    }
    bool operator<(request const& other) const
    {
        PLACE(7);
        return bytes < other.bytes;
    }
    int operator()(int n)
    {
        PLACE(8);
        return n;
    }
    template <typename T>
    int puts(T t, typename std::vector<T>::value_type u)
    {
        PLACE(9);
        return static_cast<int>(t + u);
    }
    int moves() &&
    {
        PLACE(10);
        return 1;
    }
};

template <typename T>
int converts(T value)
{
    PLACE(11);
    return static_cast<int>(value);
}

template <int N, kind K, bool B, unsigned long U, typename... Ts>
int counts(Ts... ts)
{
    PLACE(12);
    return N + static_cast<int>(K) + (B ? 1 : 0) + static_cast<int>(U) + static_cast<int>(sizeof...(ts));
}

template <typename T>
struct box {
    T t;
    int opens(T const& other)
    {
        PLACE(13);
        return static_cast<int>(sizeof(other));
    }
};

int takes(int (*f)(int, long), int (&list)[3], std::map<std::string, std::vector<int>> const& m, std::nullptr_t,
          config c, void* v, unsigned char b, request* const r, std::function<void(int)> const& f2,
          std::unique_ptr<config> p, char const* const* q, int&& moved)
{
    PLACE(14);
    return list[0] + static_cast<int>(m.size()) + c.n + b + (f != nullptr && v != nullptr && q != nullptr ? 1 : 0) +
           (r != nullptr && f2 && p ? 1 : 0) + moved;
}

template <typename F>
int applies(F f)
{
    int const n = f(3);
    PLACE(15);
    return n;
}

}  // namespace

template <typename T>
inline auto deduces(T t) -> decltype(t + 1)
{
    PLACE(16);
    return t + 1;
}

struct service {
    int field;
    std::function<int(int)> member = [](int n) {
        PLACE(17);
        return n;
    };

    int serves(int n, std::string_view who)
    {
        auto inner = [this, n](int m) {
            PLACE(18);
            return field + n + m;
        };
        auto generic = [](auto a, int b) {
            PLACE(19);
            return static_cast<int>(a) + b;
        };
        auto changes = [n]() mutable {
            ++n;
            auto deep = [](int x) {
                PLACE(20);
                return x;
            };
            return deep(n);
        };
        struct local {
            int f;
            int member(long l) const
            {
                PLACE(21);
                return static_cast<int>(l) + f;
            }
            static int alone()
            {
                PLACE(22);
                return 1;
            }
        };
        int s =
            inner(1) + generic(2L, 3) + changes() + local{1}.member(3) + local::alone() + static_cast<int>(who.size());
        s += applies([](int q) {
            PLACE(23);
            return q;
        });
        PLACE(24);
        return s;
    }
};

auto const at_namespace_scope = [](int n) {
    PLACE(25);
    return n;
};

}  // namespace app

namespace {

struct task {
    struct promise_type {
        task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() {}
    };
    std::coroutine_handle<promise_type> handle;
};

task hidden(int n)
{
    PLACE(30);
    int const m = [n](int k) {
        PLACE(31);
        return n + k;
    }(2);
    if (m == 77) co_return;
}

template <typename T>
task templated(T n)
{
    PLACE(32);
    if (n == 77) co_return;
}

struct session {
    int f;
    task runs(std::string_view s)
    {
        PLACE(33);
        if (s.empty()) co_return;
    }
};

// Behind a coroutine, and not in it.
auto const behind_coroutines = [](int n) {
    PLACE(34);
    return n;
};

int two(int n, long) { return n; }

}  // namespace

task visible(std::string s, int n)
{
    PLACE(35);
    if (n == 77 && s.empty()) co_return;
}

extern "C" int c_function(int n)
{
    PLACE(36);
    return n;
}

// Not in run() itself: gcc 12 makes the symbols of two functions alike for a coroutine that is a lambda in extern "C".
static int calls_all()
{
    using namespace app;
    int list[3] = {};
    int s = parses(1, "a") + loads("x", 2);
    {
        request r{3};
        s += r.handle(3) + static_cast<int>(static_cast<long>(r)) + (r < r ? 1 : 0) + r(3) + r.puts(3L, 4L) +
             request{3}.moves();
        s += takes(&two, list, {}, nullptr, config{1}, nullptr, 1, &r, {}, {}, nullptr, 4);
    }
    s += converts(3L) + counts<3, kind::other, true, 4>(1, 2L, 'c') + box<std::string>{}.opens("x") + deduces(3);
    service v{1};
    s += v.serves(1, "a") + v.member(3) + at_namespace_scope(1) + behind_coroutines(1) + c_function(1);
    auto anonymous = [](int x) -> task {
        PLACE(37);
        if (x == 77) co_return;
    };
    for (task const& t : {hidden(1), templated(3L), session{1}.runs("x"), visible("x", 1), anonymous(3)}) {
        t.handle.resume();
        t.handle.destroy();
    }
    return s;
}

extern "C" [[gnu::visibility("default")]] int run(calls const* c)
{
    to_call = c;
    return calls_all();
}
