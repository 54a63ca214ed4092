// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/watch/idle/known_places.hpp>

using places = loopwatch::detail::known_places<int>;
using trust = places::standing;

namespace {

void prove(places& of, int place)
{
    of.judge(place, true);
    for (int i = 0; i < places::answers_needed; ++i) of.answered(place, true);
}

}  // namespace

TEST_CASE("a place is proven by its stacks and by answers in a row", "[idle]")
{
    places known;
    CHECK(known.of(1) == trust::unknown);
    CHECK_FALSE(known.any_hope());
    known.judge(1, true);
    CHECK(known.of(1) == trust::on_trial);
    CHECK(known.any_hope());
    for (int i = 1; i < places::answers_needed; ++i) known.answered(1, true);
    CHECK(known.of(1) == trust::on_trial);
    known.answered(1, true);
    CHECK(known.of(1) == trust::proven);
    CHECK(known.of(2) == trust::unknown);
    CHECK(known.any_hope());
}

TEST_CASE("a late answer begins the trial anew, and many end it", "[idle]")
{
    places known;
    known.judge(1, true);
    for (int i = 0; i < 3; ++i) {
        for (int k = 1; k < places::answers_needed; ++k) known.answered(1, true);
        known.answered(1, false);
        CHECK(known.of(1) == trust::on_trial);
    }
    for (int i = 3; i < places::setbacks_allowed; ++i) known.answered(1, false);
    CHECK(known.of(1) == trust::refused);
    prove(known, 1);
    CHECK(known.of(1) == trust::refused);
}

TEST_CASE("answers alone prove nothing", "[idle]")
{
    places known;
    for (int i = 0; i < 100; ++i) known.answered(1, true);
    CHECK(known.of(1) == trust::unknown);
    for (int i = 0; i < places::refusals_needed; ++i) {
        CHECK(known.of(1) == trust::unknown);
        known.judge(1, false);
    }
    CHECK(known.of(1) == trust::refused);
    prove(known, 1);
    CHECK(known.of(1) == trust::refused);
}

TEST_CASE("what is proven stays, however many other waits there are", "[idle]")
{
    places known;
    prove(known, 1);
    for (int other = 2; other < 200; ++other) {
        known.judge(other, false);
        CHECK(known.of(1) == trust::proven);
    }
    prove(known, 1000);
    CHECK(known.of(1000) == trust::proven);
    for (int i = 0; i < 100; ++i) prove(known, 2000 + i);  // more than there is room for
    CHECK(known.of(2099) == trust::proven);
}
