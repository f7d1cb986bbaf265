"""Questions to put to the partner, by rule: from what costs most of the score and from what slipped most."""

import csv
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

from accounts.templatetags.look import change, score
from governance.brief.section import Question, Section, Source, short
from governance.brief.subject import Subject
from scorecards.arithmetic import CriterionRow

SLIPPED = -5  # points since the cycle before that ask for one
WEAK, SLIPPING = 3, 2  # at most so many of each
RANK_WEAK, RANK_SLIPPING = 10, 20


RULE = (
    f"By rule: the {WEAK} criteria below the two best bands that cost most points of the overall score, the {SLIPPING} "
    f"others that fell most since the cycle before, by {-SLIPPED} points or more, and one about ourselves"
)


def section(sections: Sequence[Section], most: int) -> list[Section]:
    """What every section asks, the first `most` of it; whatever is asked last stays."""
    asked = sorted((one for section in sections for one in section.questions), key=lambda one: one.rank)
    asked = asked if len(asked) <= most else [*asked[: most - 1], asked[-1]]
    if not asked:
        return []
    return [
        Section(
            "questions",
            "Questions to put to them",
            {"rows": [asdict(one) for one in asked]},
            span=4,
            sources=[Source(RULE)],
        )
    ]


def questions(about: Subject) -> list[Question]:
    """About the weakest criteria by points of the overall score lost, and about those that fell most since."""
    sums = about.arithmetic
    if not sums:
        return []
    scored = [row for row in sums.criteria if row.part.score is not None and row.possible]
    weak = [row for row in scored if row.part.score < about.good]
    weak = sorted(weak, key=lambda row: (row.points - row.possible, row.criterion.pk))[:WEAK]
    slipped = [row for row in scored if row not in weak and row.change is not None and row.change <= SLIPPED]
    slipped = sorted(slipped, key=lambda row: (row.moved, row.criterion.pk))[:SLIPPING]
    return [
        *(Question(_weak(row), _why(row), RANK_WEAK + place) for place, row in enumerate(weak)),
        *(Question(_slipped(row), _why(row), RANK_SLIPPING + place) for place, row in enumerate(slipped)),
    ]


def _weak(row: CriterionRow) -> str:
    return written().get(row.criterion.name) or (
        f"What will you change first about “{short(row.criterion.name)}”, and by when shall we see it?"
    )


def _slipped(row: CriterionRow) -> str:
    return written().get(row.criterion.name) or (
        f"What has changed on your side that “{short(row.criterion.name)}” fell, and what brings it back?"
    )


def _why(row: CriterionRow) -> str:
    said = f"{short(row.criterion.name)}: {score(row.score)}"
    return f"{said}, {change(row.change)}" if row.change else said


@lru_cache(1)
def written() -> dict[str, str]:
    """A question written for each criterion of the templates that come with the product, by its name."""
    with (Path(__file__).parent / "asking.csv").open(encoding="utf-8", newline="") as file:
        return {row["criterion"]: row["question"] for row in csv.DictReader(file)}
