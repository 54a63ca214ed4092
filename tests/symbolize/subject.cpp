// SPDX-License-Identifier: BSL-1.0

// One part of three, by PART, of a library in whose code addresses are looked up. Compiled in many ways.
#include "subject.hpp"

#define NAME_(part) part_##part
#define NAME(part) NAME_(part)

namespace subject {
namespace {

struct row {
    int id;
    std::string text;
};

std::vector<row> rows(int n)
{
    std::vector<row> all;
    for (int i = 0; i < n; ++i) all.push_back({n - i, padded(std::to_string(i), 8)});
    std::ranges::sort(all, {}, &row::id);
    return all;
}

template <int Part>
int count(std::vector<row> const& all)
{
    table<long> t;
    for (auto const& r : all) t.add(r.text, r.id + Part);
    return static_cast<int>(t.sum());
}

}  // namespace

int NAME(PART)(int n)
{
    if (n > 1000) throw n;  // a cold part
    std::function<int(int)> const counts = [n](int more) { return count<PART>(rows(n + more)); };
#if PART == 1
    table<std::string> words;
    words.add("a", "b");
    return twice(counts) + static_cast<int>(words.sum().size());
#elif PART == 2
    table<double> numbers;
    numbers.add(padded("x", 3), 1.5);
    return twice([&](int more) { return counts(more) + part_1(more); }) + static_cast<int>(numbers.sum());
#else
    return twice([&](int more) { return std::max(counts(more), part_2(more)); });
#endif
}

}  // namespace subject
