"""The line of notice deadlines: every label stands clear, every dot says what it is."""

import re
from datetime import date, timedelta

import pytest

from governance.renewals_charts import Dot, deadline_line

TODAY = date(2026, 11, 23)
BOUNDS = date(2026, 11, 1), date(2027, 12, 1)


def dots(number, every=5, **fields):
    return [
        Dot(
            **{
                "day": TODAY + timedelta(days=place * every), "name": f"Partner number {place}", "sub": "EUR 1.00 m · 1 Dec",
                "said": f"Dot {place}", "worth": 1000.0 * (1 + place * 7 % 11), "letter": "ABCDE"[place % 5], **fields,
            }
        )
        for place in range(number)
    ]  # fmt: skip


def drawn(given, width=1240) -> str:
    return str(deadline_line(given, *BOUNDS, TODAY, date(2026, 12, 31), width))


def labels(svg):
    """Left, top, right and bottom of each label, as its attributes say it."""
    found = re.findall(
        r'<text class="t1( r)?" x="([\d.]+)" y="(\d+)">([^<]+)</text><text class="t3[^>]*>([^<]+)<', svg
    )
    for right, x, y, name, sub in found:
        wide = max(7.0 * len(name), 6.2 * len(sub))
        start = float(x) - wide if right else float(x)
        yield start, float(y) - 11, start + wide, float(y) + 18


@pytest.mark.parametrize("width", [1240, 960])
@pytest.mark.parametrize(("number", "every"), [(1, 1), (12, 25), (40, 9), (40, 0), (40, 1)])
def test_labels_stand_clear_of_each_other_and_inside(number, every, width):
    found = list(labels(drawn(dots(number, every), width)))
    assert found
    for place, one in enumerate(found):
        assert one[0] >= 0
        assert one[2] <= width
        for other in found[:place]:
            assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_a_dozen_deadlines_over_the_year_all_have_their_names():
    assert len(list(labels(drawn(dots(12, 28))))) == 12


def test_every_dot_says_what_it_is_whether_it_has_a_label_or_not():
    svg = drawn(dots(40, 1))
    assert len(list(labels(svg))) < 40
    assert svg.count("<title>Dot ") == 40


def test_the_area_of_a_dot_is_its_worth():
    svg = drawn([*dots(1, worth=4_000_000.0), *dots(1, worth=1_000_000.0, day=TODAY + timedelta(days=90))])
    small, large = sorted(float(radius) for radius in re.findall(r' r="([\d.]+)"', svg))
    assert large / small == pytest.approx(2, abs=0.02)


def test_what_is_decided_is_hollow_with_a_tick_and_names_are_text():
    svg = drawn(dots(1, decided=True, name="<b>&", said="<i>"))
    assert 'class="hollow"' in svg
    assert 'class="fA"' not in svg
    assert "<b>" not in svg
    assert "<i>" not in svg


def test_a_line_without_deadlines_is_still_a_line():
    svg = drawn([])
    assert 'role="img"' in svg
    assert "Today" in svg
