"""What people who look at lists notice while every score is computed anew."""

import time
from collections.abc import Callable, Iterator

from django.db import connection

from accounts.models import User
from bench.backlog import make_backlog
from bench.context import Context, Row
from bench.worker import Worker
from governance.portfolio import Asked, Portfolio
from partners import listing

IDLE = 300  # readings of each list
BUSY = 2_000  # at most, as long as the workers are busy


def measures(context: Context) -> Iterator[Row]:
    context.use(purpose="recompute")
    reader = User.objects.get(name="Rater 1")
    lists: dict[str, Callable[[], object]] = {
        "portfolio": lambda: _read_portfolio(reader),
        "partner list": lambda: listing.lines(reader, listing.narrowed(reader, {})[:50]),
    }
    idle: dict[str, list[float]] = {name: [_timed(read) for _ in range(IDLE)] for name, read in lists.items()}
    make_backlog()
    worker = Worker()
    worker.begin()
    busy: dict[str, list[float]] = {name: [] for name in lists}
    while worker.is_busy and len(busy["portfolio"]) < BUSY:
        for name, read in lists.items():
            busy[name].append(_timed(read))
    worker.end()
    for name in lists:
        before, during = _p99(idle[name]), _p99(busy[name])
        yield Row(
            f"{name} during a recompute, p99 of {len(busy[name]):,}", f"{during:.1f} ms", f"idle: {before:.1f} ms",
            during / before, 5,
        )  # fmt: skip
        yield Row(
            f"{name} during a recompute, slowest",
            "",
            f"idle: {max(idle[name]):.1f} ms",
            max(busy[name]),
            50,
            " ms",
        )


def _read_portfolio(reader: User) -> object:
    """The portfolio's list as after scores changed: worked out, not remembered."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO governance_change (scores_only) VALUES (true)")
    return Portfolio(reader).listed(Asked())


def _timed(read: Callable[[], object]) -> float:
    """Milliseconds until the list is read."""
    began = time.perf_counter()
    read()
    return 1000 * (time.perf_counter() - began)


def _p99(readings: list[float]) -> float:
    return sorted(readings)[int(len(readings) * 0.99)]
