"""The full recompute: what it costs beside a plain scan of the ratings, and how that grows with the partners."""

import math
from collections.abc import Iterator

from django.db import connection

from bench.context import RUNS, Context, Row, cpu_of, scan_cpu
from bench.generate import SIZES, Size
from scorecards.models import Score, Scorecard
from scorecards.services.recompute import recompute_now

GROWTH = (500, 1_000, 2_000, 4_000)  # partners


def measures(context: Context) -> Iterator[Row]:
    context.use(purpose="recompute")
    scan_cpu()
    scans, found = [], []
    for name, prepare, limit in (
        ("into empty tables", _empty, 10),
        ("nothing changed", lambda: None, 8),
        ("every score changed", _change, 14),
    ):
        seconds = []
        for _ in range(RUNS):
            prepare()
            scans.append(scan_cpu())
            seconds.append(cpu_of(_recompute))
        found.append((name, min(seconds), limit))
    scan = min(scans)
    for name, taken, limit in found:
        yield Row(
            f"full recompute, {name}",
            f"{taken:.2f} s CPU",
            f"a scan: {scan:.3f} s CPU",
            taken / scan,
            limit,
            " scans",
        )
    yield _growth(context)


def _recompute() -> None:
    recompute_now(Scorecard.objects.values_list("pk", flat=True))


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE scorecards_score")


def _into_empty_tables() -> float:
    _empty()
    return cpu_of(_recompute)


def _change() -> None:
    Score.objects.update(overall=1)


def _growth(context: Context) -> Row:
    """The slope of log(CPU) over log(partners), by least squares."""
    points = []
    for partners in GROWTH:
        context.use(Size(partners, 2, SIZES["M"].criteria, SIZES["M"].raters))
        taken = min(_into_empty_tables() for _ in range(RUNS))
        points.append((math.log(partners), math.log(taken)))
    x, y = (sum(column) / len(points) for column in zip(*points, strict=True))
    slope = sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)
    first, last = (math.exp(points[place][1]) for place in (0, -1))
    return Row(
        f"growth of it, {GROWTH[0]:,} to {GROWTH[-1]:,} partners", f"{last:.2f} s CPU", f"{GROWTH[0]}: {first:.2f} s CPU",
        slope, 1.05, " (exponent)",
    )  # fmt: skip
