// SPDX-License-Identifier: BSL-1.0
#pragma once

// What the parts of the subject share: inline functions, which are in each part's debug information, and in the code of
// one of them. So the code of one unit has holes in which another's lies.

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace subject {

template <typename T>
struct table {
    std::map<std::string, std::vector<T>> rows;

    void add(std::string_view key, T value) { rows[std::string{key}].push_back(std::move(value)); }
    T sum() const
    {
        T all{};
        for (auto const& [key, values] : rows) all = std::accumulate(values.begin(), values.end(), all);
        return all;
    }
};

inline std::string padded(std::string text, std::size_t width)
{
    while (text.size() < width) text.insert(text.begin(), ' ');
    return text;
}

template <typename F>
int twice(F f)
{
    int const first = f(1);
    return first + f(2);
}

int part_1(int n);
int part_2(int n);
int part_3(int n);

}  // namespace subject
