// SPDX-License-Identifier: BSL-1.0

// A library that is loaded and unloaded all the time. Built twice, with frames of different sizes.
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#ifndef FRAME_BYTES
#define FRAME_BYTES 40
#endif

extern "C" [[gnu::noinline]] int plugin_call(int levels, int (*back)(void*), void* data)
{
    char volatile room[FRAME_BYTES];
    room[levels % FRAME_BYTES] = 1;
    int const result = levels > 0 ? plugin_call(levels - 1, back, data) : back(data);
    return result + room[levels % FRAME_BYTES];
}

extern "C" [[gnu::noinline]] int plugin_throw(int levels)
{
    std::string const local(static_cast<std::size_t>(levels) * 10, 'p');
    if (levels == 0) throw std::runtime_error{"from the plugin"};
    int const result = plugin_throw(levels - 1);
    return result + static_cast<int>(local.size());
}

namespace {
template <int N>
[[gnu::noinline]] int padding(std::vector<std::string>& texts)
{
    texts.push_back(std::to_string(N));
    if constexpr (N > 0)
        return padding<N - 1>(texts) + static_cast<int>(texts.size());
    else
        return 0;
}
}  // namespace

/// Many functions: some pages of unwind information with each load.
extern "C" int plugin_padding()
{
    std::vector<std::string> texts;
    return padding<120>(texts);
}
