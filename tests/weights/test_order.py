"""Where two partners change places, and how often the order stays, against brute force."""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import lcm, prod, sqrt

from hypothesis import assume, given
from hypothesis import strategies as st

from scorecards import scoring
from scorecards.fair import weights as w

points = st.integers(0, 100).map(Fraction)
shares = st.integers(1, 60).map(Fraction)
TINY = Fraction(1, 10**9)


@st.composite
def two_partners(draw, missing=True):
    """Weights and two rows of scores, some of them missing; the one ahead first; and the place of a weight."""
    number = draw(st.integers(2, 5))
    weights = draw(st.lists(shares, min_size=number, max_size=number))
    cell = st.none() | points if missing else points
    row = st.lists(cell, min_size=number, max_size=number).filter(any)
    one, other = draw(row), draw(row)
    assume(scored(weights, one) is not None and scored(weights, other) is not None)
    if scored(weights, one) < scored(weights, other):
        one, other = other, one
    return weights, one, other, draw(st.integers(0, number - 1))


def scored(weights, scores):
    """The overall as `scorecards.scoring` has it."""
    return scoring.weighted_mean(
        (weight, score) for weight, score in zip(weights, scores, strict=True) if score is not None
    )


def moved(weights, place, share):
    """The weights with one of them at that share, and the others rescaled."""
    rest = sum(weights) - weights[place]
    return [share if i == place else weight * (1 - share) / rest for i, weight in enumerate(weights)]


def whole_numbers(weights):
    """The same proportions without fractions."""
    below = lcm(*(weight.denominator for weight in weights))
    return [int(weight * below) for weight in weights]


def gap(weights, one, other, place, share):
    weights = moved(weights, place, share)
    first, second = scored(weights, one), scored(weights, other)
    return None if first is None or second is None else first - second


def check_turn(found, today, gap_at):
    """The difference is 0 at the turn, changes sign there, and nowhere sooner."""
    for place, away in ((found.above, 1), (found.below, -1)):
        edge = Fraction(1 if away > 0 else 0)
        sooner = place if place is not None else edge
        for step in range(1, 40):
            share = today + (sooner - today) * Fraction(step, 40)
            assert 0 < share < 1
            assert gap_at(share) >= 0, "the other one is ahead before the turn"
        if place is not None:
            assert 0 < place < 1 or place == today
            assert abs(gap_at(place)) < Fraction(1, 10**20)
            if 0 < place + away * TINY < 1:
                assert gap_at(place + away * TINY) < 0


@given(two_partners())
def test_at_the_weight_of_a_turn_two_partners_are_level_and_behind_it_the_other_leads(case):
    weights, one, other, place = case
    today = w.share_of(weights, place)
    curves = [w.one_weight(weights, scores, place) for scores in (one, other)]
    if None in curves:
        assert w.turn(*curves, today) == w.Turn(None, None)
        return
    for curve, scores in zip(curves, (one, other), strict=True):
        assert curve.at(today) == scored(weights, scores), "today's weight gives today's score"
    check_turn(w.turn(*curves, today), today, lambda share: gap(weights, one, other, place, share))


@given(two_partners(missing=False))
def test_with_every_score_the_turn_is_where_two_straight_lines_cross(case):
    weights, one, other, place = case
    today = w.share_of(weights, place)
    found = w.turn(*(w.one_weight(weights, scores, place) for scores in (one, other)), today)
    rest = scored(moved(weights, place, Fraction(0)), one) - scored(moved(weights, place, Fraction(0)), other)
    here = one[place] - other[place]
    crossing = rest / (rest - here) if rest != here else None
    if crossing is not None and 0 < crossing < 1:
        assert (found.above if here < rest else found.below) == crossing
        assert (found.below if here < rest else found.above) is None
    else:
        assert found == w.Turn(None, None)


def test_a_turn_is_found_exactly_where_it_can_be_said():
    weights = [Fraction(50), Fraction(30), Fraction(20)]
    one, other = ([Fraction(x) for x in row] for row in ((80, 60, 40), (60, 80, 60)))
    found = w.turn(*(w.one_weight(weights, scores, 0) for scores in (one, other)), Fraction(1, 2))
    assert found == w.Turn(below=Fraction(1, 2), above=None)  # level today: any less, and the other leads
    found = w.turn(*(w.one_weight(weights, scores, 0) for scores in (one, [60, 79, 60])), Fraction(1, 2))
    assert found == w.Turn(below=Fraction(97, 197), above=None)  # 20 t = 19.4 (1 - t)


def test_two_who_change_places_twice_are_told_both_turns():
    """Without a score in the second place, a score is a curve of the first weight: it can be crossed twice."""
    weights = [Fraction(40), Fraction(20), Fraction(40)]
    rows = [[Fraction(0), Fraction(80), Fraction(100)], [Fraction(10), None, Fraction(100)]]
    ahead, behind = (w.one_weight(weights, row, 0) for row in rows)
    assert w.turn(ahead, behind, Fraction(2, 5)) == w.Turn(below=Fraction(1, 4), above=Fraction(4, 7))
    assert ahead.at(Fraction(1, 4)) == behind.at(Fraction(1, 4))
    assert w.turn(behind, ahead, Fraction(3, 5)) == w.Turn(below=Fraction(4, 7), above=None)


@st.composite
def two_scorecards(draw):
    """A template of two or three categories with criteria, and two scorecards of it with holes."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=3))
    ids = iter(range(1, 20))
    categories = tuple(
        scoring.CategoryWeight(
            100 + place, Decimal(draw(st.integers(1, 60))),
            tuple(scoring.CriterionWeight(next(ids), Decimal(draw(st.integers(1, 60)))) for _ in range(size))
        )
        for place, size in enumerate(sizes)
    )  # fmt: skip
    template = scoring.TemplateWeights(categories, scale_min=0, scale_max=100)
    criteria = [criterion.id for category in categories for criterion in category.criteria]
    rows = [{number: draw(st.none() | points) for number in criteria} for _ in range(2)]
    assume(all(any(score is not None for score in row.values()) for row in rows))
    return template, rows


def outcome(template, row):
    tallies = {
        number: scoring.Tally() if score is None else scoring.Tally(score, Fraction(1))
        for number, score in row.items()
    }
    return scoring.score(template, tallies, raters=2)


def exact(found):
    return scoring.weighted_mean(
        (part.share, part.score) for part in found.categories.values() if part.score is not None
    )


@given(two_scorecards(), st.data())
def test_a_criterions_turn_inside_its_category_is_one_of_whole_scorecards(case, data):
    template, rows = case
    rows.sort(key=lambda row: exact(outcome(template, row)), reverse=True)
    place = data.draw(st.integers(0, len(template.categories) - 1))
    category = template.categories[place]
    inside = data.draw(st.integers(0, len(category.criteria) - 1))
    inner = [Fraction(criterion.weight) for criterion in category.criteria]
    outer = [Fraction(category.weight) for category in template.categories]
    curves = []
    for row in rows:
        found = outcome(template, row)
        own = w.one_weight(inner, [found.criteria[c.id].score for c in category.criteria], inside)
        curves.append(
            w.one_inside(outer, [found.categories[c.id].score for c in template.categories], place, own)
        )
    today = w.share_of(inner, inside)
    if len(inner) == 1:
        return

    def gap_at(share):
        criteria = tuple(
            scoring.CriterionWeight(c.id, Decimal(weight)) for c, weight in zip(category.criteria, whole_numbers(moved(inner, inside, share)), strict=True)
        )  # fmt: skip
        changed = scoring.CategoryWeight(category.id, category.weight, criteria)
        others = tuple(changed if c is category else c for c in template.categories)
        template_then = scoring.TemplateWeights(others, scale_min=0, scale_max=100)
        with localcontext(prec=2_000):  # weights are decimals there, and added up as such
            first, second = (exact(outcome(template_then, row)) for row in rows)
        return first - second

    if None not in curves:
        check_turn(w.turn(*curves, today), today, gap_at)


def test_the_first_of_two_leads_in_four_of_fifteen_weightings():
    assert w.chance_ahead([2, -1, -3]) == Fraction(4, 15)
    field = [[Fraction(52), Fraction(49), Fraction(47)], [Fraction(50)] * 3]
    found = w.kept([Fraction(1)] * 3, field, around=False, draws=20_000)
    assert abs(found[0].first / 20_000 - 4 / 15) < 4 * sqrt(4 / 15 * 11 / 15 / 20_000)
    assert found[0].first + found[1].first == 20_000


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=6, unique=True))
def test_the_chance_to_be_ahead_is_the_known_sum_where_all_differ(differences):
    power = len(differences) - 1
    known = sum(
        Fraction(d**power, prod(d - other for other in differences if other != d))
        for d in differences
        if d > 0
    )
    assert w.chance_ahead(differences) == known
    assert 0 <= known <= 1


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=6))
def test_the_chance_to_be_ahead_holds_where_some_are_equal(differences):
    """Moved apart by next to nothing, equal differences give the known sum, and nearly the same chance."""
    found = w.chance_ahead(differences)
    apart = w.chance_ahead([d + Fraction(i, 10**7) for i, d in enumerate(differences)])
    if any(differences):
        assert abs(found - apart) < Fraction(1, 10**4)
    else:
        assert found == 0, "who is level everywhere is never ahead"
    assert found + w.chance_ahead([-d for d in differences]) == (1 if any(differences) else 0)


@given(st.lists(st.tuples(shares, points, points), min_size=2, max_size=4))
def test_shares_drawn_uniformly_agree_with_the_exact_chance(rows):
    weights, one, other = zip(*rows, strict=True)
    exact_chance = float(w.chance_ahead([a - b for a, b in zip(one, other, strict=True)]))
    found = w.kept(weights, [list(one), list(other)], around=False, draws=400, seed=5)
    if one != other:
        assert abs(found[0].first / 400 - exact_chance) < 5 * sqrt(0.25 / 400)


def test_weightings_add_up_lie_around_the_chosen_ones_and_come_again_with_the_same_seed():
    weights = [Fraction(45), Fraction(30), Fraction(25), Fraction(0)]
    drawn = list(w.weightings(weights, around=True))
    assert drawn == list(w.weightings(weights, around=True))
    assert drawn != list(w.weightings(weights, around=True, seed=2))
    assert all(abs(sum(row) - 1) < 1e-9 and row[3] == 0 for row in drawn)
    for place, share in enumerate((0.45, 0.30, 0.25)):
        column = [row[place] for row in drawn]
        mean = sum(column) / len(column)
        spread = sqrt(sum((x - mean) ** 2 for x in column) / len(column))
        expected = sqrt(share * (1 - share) / (w.CONCENTRATION + 1))
        assert abs(mean - share) < 4 * expected / sqrt(len(column))
        assert abs(spread - expected) < 0.1 * expected
    uniform = [row[0] for row in w.weightings(weights, around=False)]
    assert abs(sum(uniform) / len(uniform) - 1 / 3) < 0.02


@given(st.lists(st.lists(st.none() | points, min_size=3, max_size=3).filter(any), min_size=1, max_size=5))
def test_every_rank_is_counted_as_a_competition_rank_is(field):
    weights = [Fraction(50), Fraction(30), Fraction(20)]
    assume(all(scored(weights, scores) is not None for scores in field))
    found = w.kept(weights, field, around=True, draws=30, seed=3)
    today = w.ranks([scored(weights, scores) for scores in field])
    first, same = [0] * len(field), [0] * len(field)
    for drawn in w.weightings(weights, around=True, draws=30, seed=3):
        then = [round(scored([Fraction(x) for x in drawn], scores), 12) for scores in field]
        for i, score in enumerate(then):
            rank = 1 + sum(other > score for other in then)
            first[i] += rank == 1
            same[i] += rank == today[i]
    assert [(one.first, one.rank) for one in found] == list(zip(first, same, strict=True))


def test_a_partner_that_is_best_everywhere_stays_first_whatever_the_weights():
    field = [
        [Fraction(90)] * 3,
        [Fraction(80), Fraction(89), Fraction(10)],
        [None, Fraction(50), Fraction(50)],
    ]
    for around in (True, False):
        best, *_ = w.kept([Fraction(50), Fraction(30), Fraction(20)], field, around=around, draws=500)
        assert best == w.Kept(500, 500, 500)
