// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "plugins.hpp"
#include "run.hpp"
#include "shadow.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <alloca.h>
#include <poll.h>

// Functions of every make that call each other at random, throw past each other, allocate and sleep. Each is marked.

namespace stress {

class terrain {
public:
    struct figures {
        std::atomic<unsigned long> walks{0}, throws{0}, calls_into_plugins{0}, own_loads{0}, sleeps{0}, cut_short{0};
    };

    terrain(std::uint64_t seed, plugin_churn& plugins, bool sleeps, figures& f)
        : roll_{seed}, plugins_{plugins}, sleeps_{sleeps}, figures_{f}
    {
    }

    void walk(int levels)
    {
        try {
            onwards(levels);
        } catch (std::exception const&) {
        }
        ++figures_.walks;
    }

private:
    [[gnu::noinline]] int plain(int levels)
    {
        mark const here;
        char volatile room[40];
        room[levels & 31] = 1;
        int const result = onwards(levels);
        return result + room[levels & 31];
    }
    [[gnu::noinline]] int with_alloca(int levels)
    {
        mark const here;
        std::size_t const size = 16 + roll_(300);
        auto* const room = static_cast<char*>(alloca(size));
        std::memset(room, levels, size);
        int const result = onwards(levels);
        return result + room[size / 2];
    }
    [[gnu::noinline]] int realigned(int levels)
    {
        mark const here;
        alignas(64) char volatile room[128];
        auto* const more = static_cast<char volatile*>(alloca(16 + roll_(200)));
        room[levels & 63] = 1;
        more[0] = 1;
        int const result = onwards(levels);
        return result + room[levels & 63] + more[0];
    }
    [[gnu::noinline]] int with_destructors(int levels)
    {
        mark const here;
        std::string const text(roll_(200), 'x');
        std::map<int, std::string> texts;
        for (unsigned i = roll_(5); i > 0; --i) texts[static_cast<int>(i)] = text;
        int const result = onwards(levels);
        return result + static_cast<int>(texts.size());
    }
    [[gnu::noinline]] int catching(int levels)
    {
        mark const here;
        try {
            int const result = onwards(levels);
            return result + 1;
        } catch (std::exception const& e) {
            return e.what()[0];
        }
    }
    [[gnu::noinline]] int going_on_after_catching(int levels)
    {
        mark const here;
        try {
            int const result = onwards(levels - 2);
            return result + 1;
        } catch (std::exception const&) {
            int const result = onwards(levels / 2);
            return result + 2;
        }
    }
    [[gnu::noinline]] int rethrowing(int levels)
    {
        mark const here;
        try {
            int const result = onwards(levels);
            return result + 1;
        } catch (...) {
            dawdle(roll_(200));
            throw;
        }
    }
    [[gnu::noinline]] int by_function_object(int levels)
    {
        mark const here;
        std::function<int(int)> const f = [this, text = std::string(40, 'q')](int n) {
            int const result = onwards(n);
            return result + static_cast<int>(text.size());
        };
        int const result = f(levels);
        return result + 1;
    }

    struct shape {
        virtual ~shape() = default;
        virtual int visit(terrain& t, int levels) = 0;
    };
    struct small final : shape {
        [[gnu::noinline]] int visit(terrain& t, int levels) override
        {
            mark const here;
            int const result = t.onwards(levels);
            return result + 1;
        }
    };
    struct large final : shape {
        double volatile values[6]{};
        [[gnu::noinline]] int visit(terrain& t, int levels) override
        {
            mark const here;
            int const result = t.onwards(levels);
            return result + static_cast<int>(values[levels % 6]);
        }
    };
    [[gnu::noinline]] int by_virtual_call(int levels)
    {
        mark const here;
        small a;
        large b;
        shape* const one = roll_(2) == 0 ? static_cast<shape*>(&a) : &b;
        int const result = one->visit(*this, levels);
        return result + 1;
    }

    struct request {
        terrain* on;
        int levels;
    };
    static int compare(void const* key, void const* element)
    {
        mark const here;
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): bsearch passes the key on as constant
        auto& r = *static_cast<request*>(const_cast<void*>(key));
        int const result = r.on->onwards(std::exchange(r.levels, 0));
        stay();
        return result % 2 + *static_cast<int const*>(element);
    }
    [[gnu::noinline]] int through_libc(int levels)
    {
        mark const here;
        static constexpr int elements[8]{};
        request r{this, levels};
        // Through a pointer: it may be inlined otherwise.
        static void* (*volatile search)(void const*, void const*, std::size_t, std::size_t,
                                        int (*)(void const*, void const*)) = &std::bsearch;
        void const* const found = search(&r, elements, 8, sizeof(int), &compare);
        return found != nullptr ? 1 : 0;
    }

    static int back_from_plugin(void* data)
    {
        mark const here{caller::foreign};
        auto const& r = *static_cast<request const*>(data);
        int const result = r.on->onwards(r.levels);
        return result + 1;
    }
    [[gnu::noinline]] int through_plugin(int levels)
    {
        mark const here;
        ++figures_.calls_into_plugins;
        // Nested, it would wait for the thread that waits for it to leave.
        if (inside_plugin_) return 0;
        inside_plugin_ = true;
        struct reset {
            bool& flag;
            ~reset() { flag = false; }
        } const at_end{inside_plugin_};
        request r{this, levels};
        bool const throws = roll_(4) == 0;
        int const result = plugins_.with_loaded([&](plugin const& p) {
            int const inner = throws ? p.throws(4) : p.call(static_cast<int>(roll_(4)), &back_from_plugin, &r);
            return inner + 1;
        });
        return result + 1;
    }
    [[gnu::noinline]] int through_own_plugin(int levels)
    {
        mark const here;
        ++figures_.own_loads;
        plugin const p = plugin::load(plugin_churn::paths[roll_(2)]);
        struct unload {
            plugin const& p;
            ~unload() { p.unload(); }
        } const at_end{p};
        request r{this, levels < 3 ? levels : 3};
        int const result = p.call(2, &back_from_plugin, &r);
        return result + 1;
    }

    [[gnu::noinline]] int doze()
    {
        mark const here;
        ++figures_.sleeps;
        int result = 0;
        if (roll_(3) == 0) {
            result = ::poll(nullptr, 0, 1);
        } else {
            timespec const length{0, static_cast<long>(roll_(150)) * 1000};
            result = ::nanosleep(&length, nullptr);
        }
        if (result != 0 && errno == EINTR) ++figures_.cut_short;
        return result;
    }

    [[gnu::noinline]] int summit()
    {
        mark const here;
        switch (roll_(sleeps_ ? 9 : 8)) {
            case 0: ++figures_.throws; throw std::runtime_error{"from the summit"};
            case 1:
            case 2: {
                std::vector<void*> blocks;
                for (int i = 0; i < 10; ++i) blocks.push_back(std::malloc(roll_(5000) + 1));
                for (void* const b : blocks) std::free(b);
                return 1;
            }
            case 3: dawdle(roll_(2000)); return 2;
            case 4: return static_cast<int>(std::to_string(2.5 * roll_(100)).size());
            case 5: return static_cast<int>(clock::now().time_since_epoch().count() & 1);
            case 8: {
                int const result = doze();
                return result + 1;
            }
            default: return 0;
        }
    }

    [[gnu::noinline]] int onwards(int levels)
    {
        mark const here;
        int result = 0;
        if (levels <= 0)
            result = summit();
        else
            result = choose(levels - 1);
        return result + 1;
    }
    [[gnu::noinline]] int choose(int levels)
    {
        mark const here;
        int result = 0;
        switch (roll_(300) == 0 ? 12 : roll_(12)) {
            case 0: result = with_alloca(levels); break;
            case 1: result = realigned(levels); break;
            case 2: result = with_destructors(levels); break;
            case 3: result = catching(levels); break;
            case 4: result = going_on_after_catching(levels); break;
            case 5: result = rethrowing(levels); break;
            case 6: result = by_function_object(levels); break;
            case 7: result = by_virtual_call(levels); break;
            case 8: result = through_libc(levels); break;
            case 9: result = through_plugin(levels); break;
            case 12: result = through_own_plugin(levels); break;
            default: result = plain(levels); break;
        }
        return result + 1;
    }

    dice roll_;
    plugin_churn& plugins_;
    bool sleeps_;
    bool inside_plugin_{false};
    figures& figures_;
};

}  // namespace stress
