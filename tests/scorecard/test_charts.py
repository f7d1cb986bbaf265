"""Charts say in words what they draw, and survive whatever they are given."""

from decimal import Decimal
from xml.etree import ElementTree

import pytest

from scorecards.charts import TrendPoint, mark_dots, progress_bar, sparkline, trend_chart, weight_bar

BANDS = [("A", "Strong", 85), ("B", "Good", 70), ("C", "Fair", 55), ("D", "Weak", 40), ("E", "Failing", 0)]


def parsed(svg: str) -> ElementTree.Element:
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own output
    assert root.attrib["role"] == "img"
    assert "style" not in svg
    return root


def title(svg: str) -> str:
    return parsed(svg).find("title").text


def test_a_trend_names_every_score_and_where_it_is_not_like_for_like():
    points = [
        TrendPoint("Q1", Decimal("71.44"), "B"),
        TrendPoint("Q2", None),
        TrendPoint("Q3", Decimal(60), "C", False),
        TrendPoint("Q4", Decimal(61)),
    ]
    assert title(trend_chart(points, BANDS)) == (
        "Overall score by cycle: Q1 71.4, Q2 no score, Q3 60.0 (not like for like), Q4 61.0 (provisional)"
    )


def test_a_trend_is_broken_where_a_cycle_has_no_score():
    whole = [TrendPoint(f"Q{n}", Decimal(50 + n)) for n in range(4)]
    gap = [*whole[:2], TrendPoint("Q9", None), *whole[2:]]
    assert trend_chart(whole, BANDS).count('class="ln"') == 3
    assert trend_chart(gap, BANDS).count('class="ln"') == 2


@pytest.mark.parametrize("scores", [[0], [100], [None], [0, 100], [50] * 40, []])
def test_a_trend_stays_inside_its_frame(scores):
    points = [TrendPoint(f"Q{n}", None if s is None else Decimal(s)) for n, s in enumerate(scores)]
    for width in (780, 360):
        for circle in parsed(trend_chart(points, BANDS, width)).iter("circle"):
            assert 26 <= float(circle.attrib["cx"]) <= width - 66
            assert 6 <= float(circle.attrib["cy"]) <= 246


def test_the_figure_of_a_low_point_stands_clear_of_its_lines():
    low, high = (
        trend_chart([TrendPoint(f"Q{n}", Decimal(s)) for n, s in enumerate(scores)], BANDS)
        for scores in ([80, 50, 80], [50, 80, 50])
    )
    for svg, side in ((low, 1), (high, -1)):
        middle = list(parsed(svg).iter("circle"))[1].attrib["cy"]
        label = [text for text in parsed(svg).iter("text") if (text.text or "").endswith("0.0")][1].attrib[
            "y"
        ]
        assert (float(label) - float(middle)) * side > 0


def test_a_name_with_markup_is_text_in_a_chart():
    svg = trend_chart([TrendPoint("<script>&", Decimal(50))], [("A", "<b>Top</b>", 0)])
    assert "<script>" not in svg
    assert "<b>" not in svg
    parsed(svg)


def test_marks_are_dots_and_many_marks_are_bars():
    few = mark_dots({2: 3, 4: 2}, 1, 5, 2.8)
    assert title(few) == "5 marks, mean 2.8: 3 gave 2, 2 gave 4"
    assert few.count("<circle") == 5
    many = mark_dots({2: 900, 5: 3000}, 1, 5, 4.3)
    assert many.count("<circle") == 0
    assert "3000 gave 5" in title(many)
    parsed(mark_dots({0: 4, 100: 4}, 0, 100, 50))


def test_a_sparkline_tells_its_scores():
    assert title(sparkline([Decimal("71.4"), None, Decimal(55)], "C")) == "Trend: 71.4, no score, 55.0"
    assert title(sparkline([])) == "No score yet"
    assert 'class="fC"' in sparkline([Decimal(55)], "C")


def test_bars_are_as_long_as_their_weight_and_as_dark_as_their_points():
    full, dark = [float(r.attrib["width"]) for r in parsed(weight_bar(10, 25, 50)) if "width" in r.attrib]
    assert (full, dark) == (138.0, 55.2)
    parsed(weight_bar(0, 0, 0))


def test_progress_has_a_piece_for_each_criterion():
    assert progress_bar(9, 19).count('class="acc"') == 9
    assert title(progress_bar(0, 0)) == "0 of 0 criteria done"
