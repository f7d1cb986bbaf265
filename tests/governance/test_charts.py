"""The scatter of spend against score: every name that finds a place stands clear of all else."""

import re

from governance.charts import Dot, spend_and_score

CROWD = [
    Dot(f"Partner number {number}", 300_000 * (1 + number / 20), 60 + number % 3, "C") for number in range(6)
]


def named(svg: str) -> list[str]:
    return re.findall(r'<text class="t0[^>]*>([^<]+)</text>', svg)


def boxes(svg: str) -> list[tuple[float, float, float, float]]:
    """The ground that dots and names cover, as their attributes say it."""
    found = [
        (float(x) - 8, float(y) - 8, float(x) + 8, float(y) + 8)
        for x, y in re.findall(r'<circle[^>]* cx="([\d.]+)" cy="([\d.]+)"', svg)
    ]
    for anchor, x, y, name in re.findall(r'<text class="t0 (\w?)" x="([\d.]+)" y="([\d.]+)">([^<]+)<', svg):
        wide = 6.5 * len(name)
        start = float(x) - {"": 0, "r": wide, "m": wide / 2}[anchor]
        found.append((start, float(y) - 10, start + wide, float(y) + 2))
    return found


def test_names_in_a_crowd_move_off_with_a_line_to_their_dots():
    svg = str(spend_and_score(CROWD, [], "EUR"))
    assert len(named(svg)) == len(CROWD)
    assert svg.count('<path class="to"') >= 1


def test_no_name_covers_another_name_or_a_dot_of_somebody_else():
    apart = [Dot(f"Far {number}", 10_000 * 3**number, 40 + 7 * number, "B") for number in range(5)]
    for dots in (CROWD, apart, CROWD + apart):
        found = boxes(str(spend_and_score(dots, [], "EUR")))
        names = found[len(dots) :]
        for place, one in enumerate(names):
            for other in [*names[:place], *found[: len(dots)]]:
                apart_x = one[2] <= other[0] or other[2] <= one[0]
                apart_y = one[3] <= other[1] or other[3] <= one[1]
                assert apart_x or apart_y, (one, other)


def test_a_name_without_a_place_is_still_said_by_its_dot():
    heap = [Dot(f"Partner number {number}", 100_000, 60, "C") for number in range(60)]
    svg = str(spend_and_score(heap, [], "EUR", width=360))
    assert len(named(svg)) < 60
    assert svg.count("<title>Partner number ") == 60
