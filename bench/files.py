"""Ratings in from a file, scores of a cycle out: the commands others feed and read the product with."""

import tempfile
import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command

from bench.context import Context, Row
from bench.generate import Size
from bench.pages import MANY
from scorecards.models import Cycle

SCALE = Size(100, 1, 25, 4)
PARTNERS, RATERS = 1_000, 4
ROWS = PARTNERS * RATERS * SCALE.criteria


def measures(context: Context) -> Iterator[Row]:
    context.use(SCALE, purpose="files")
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write(_ratings())
        file.flush()
        seconds = _wall(
            lambda: call_command(
                "import_ratings", file.name, cycle="2030 Q1", template="Bench", create=True, stdout=StringIO()
            )
        )
    yield Row(f"import_ratings, {ROWS:,} rows", f"{ROWS / seconds:,.0f} rows a second", "", seconds, 30, " s")
    context.use(MANY, purpose="pages")
    cycle = Cycle.objects.filter(state=Cycle.CLOSED)[0].name
    for form in ("csv", "json"):
        with Path("/dev/null").open("w") as nowhere:
            seconds = _wall(lambda: call_command("export_scores", cycle=cycle, format=form, stdout=nowhere))  # noqa: B023
        yield Row(f"export_scores, {MANY.partners:,} partners, {form}", "", "", seconds, 30, " s")


def _wall(action: Callable[[], Any]) -> float:
    """Seconds by the clock."""
    started = time.monotonic()
    action()
    return time.monotonic() - started


def _ratings() -> str:
    """Partners and raters that are new, one cell in seven left open."""
    lines = ["partner,kind,rater,role,criterion,rating,comment"]
    roles = ("procurement", "leadership", "it", "business")
    for partner in range(PARTNERS):
        for rater in range(RATERS):
            person = f"imported{(partner + rater) % 50}"
            for criterion in range(1, SCALE.criteria + 1):
                chance = (partner * 31 + rater * 17 + criterion * 7) % 35
                mark = "" if chance % 7 == 0 else 1 + chance % 5
                lines.append(
                    f"Imported {partner},vendor,{person}@example.org,{roles[(partner + rater) % 50 % 4]},"
                    f"Criterion {criterion},{mark},"
                )
    return "\n".join(lines)
