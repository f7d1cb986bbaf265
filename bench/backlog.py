"""A backlog and the processes that work it off: their memory, how two share it, and how fast one is."""

import time
from collections.abc import Iterator

from django.db import connection

from bench.context import RUNS, Context, Row
from bench.generate import SIZES, Size
from bench.worker import Worker
from scorecards.models import Score, Scorecard
from scorecards.services.recompute import request_recompute


def measures(context: Context) -> Iterator[Row]:
    few, many = (_peak(context, partners) for partners in (500, 2_000))
    yield Row(
        "worker memory, 500 to 2,000 partners", f"{many:.1f} MB", f"500: {few:.1f} MB", many - few, 16, " MB"
    )
    context.use(purpose="recompute")
    pairs = [(_drained(1)[0], _drained(2)[0]) for _ in range(RUNS)]
    one, two = (min(walls) for walls in zip(*pairs, strict=True))
    yield Row("two workers on one backlog", f"{two:.2f} s", f"one: {one:.2f} s", two / one, 0.7)
    cards = Scorecard.objects.count()
    yield Row(
        "backlog drained by one worker", f"{one:.2f} s", f"{cards:,} scorecards",
        cards / one, 5_000, " a second", at_least=True,
    )  # fmt: skip


def make_backlog() -> None:
    """Ask for every scorecard to be computed, with every score wrong, so that each must be written."""
    Score.objects.update(overall=1)
    request_recompute(Scorecard.objects.all())
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE scorecards_score, scorecards_recomputerequest")


def _drained(number: int) -> tuple[float, float]:
    """Seconds until this many workers have worked off a backlog of everything, and the memory of the largest."""
    make_backlog()
    workers = [Worker() for _ in range(number)]
    began = time.perf_counter()
    for worker in workers:
        worker.begin()
    peak = max(worker.end() for worker in workers)
    return time.perf_counter() - began, peak


def _peak(context: Context, partners: int) -> float:
    context.use(Size(partners, 2, SIZES["M"].criteria, SIZES["M"].raters))
    return _drained(1)[1]
