"""Which criteria cost the score most, and which hold it up."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.urls import reverse

from governance.brief.asking import questions
from governance.brief.categories import column
from governance.brief.section import Section, Source, short
from governance.brief.subject import Subject
from governance.words import sentence, spelled
from scorecards.arithmetic import CriterionRow
from scorecards.scoring import rounded

SHOWN = 3  # of each


def section(about: Subject) -> Section | None:
    sums, card = about.arithmetic, about.card
    if not sums or not card:
        return None
    scored = [row for row in sums.criteria if row.part.score is not None and row.possible]
    lost = sorted(scored, key=lambda row: (row.points - row.possible, row.criterion.pk))
    weak = [row for row in lost if row.part.score < about.good][:SHOWN]
    strong = [row for row in lost[::-1] if row.part.score >= about.good and row not in weak]
    strong = sorted(strong, key=lambda row: (-row.part.score, -row.possible, row.criterion.pk))[:SHOWN]
    return Section(
        "criteria",
        finding(weak, strong, [row for row in scored if row.part.score < about.good]),
        {
            "groups": [
                {"name": name, "rows": [_row(row) for row in rows]}
                for name, rows in (("Costs it most", weak), ("Holds it up", strong)) if rows
            ],
            "earlier": column(about.before.cycle) if about.before else "",
        },
        note="Lost: points of the overall score that its marks leave on the table.",
        sources=[Source(f"Criteria of {card.cycle}, with every step", f"{reverse('scorecard_detail', args=[card.pk])}?open=all")],
        questions=questions(about),
    )  # fmt: skip


def finding(weak: list[CriterionRow], strong: list[CriterionRow], all_weak: list[CriterionRow]) -> str:
    """How much of what is lost the weakest make up; without any, what is strongest."""
    if not weak:
        return f"Strongest: {short(strong[0].criterion.name)}" if strong else "Nothing stands out"
    lost = _lost(weak)
    if len(all_weak) > len(weak):
        return f"{len(weak)} of {len(all_weak)} weak criteria cost {lost} of {_lost(all_weak)} points"
    named = (
        f"“{short(weak[0].criterion.name)}” costs"
        if len(weak) == 1
        else f"{sentence(spelled(len(weak)))} criteria cost"
    )
    return f"{named} {lost} points"


def _lost(rows: list[CriterionRow]) -> Decimal:
    """Points of the overall score, as shown."""
    return rounded(sum((row.possible - row.points for row in rows), Fraction(0)), 1)


def _row(row: CriterionRow) -> dict[str, Any]:
    return {
        "name": short(row.criterion.name), "score": row.score, "letter": row.letter, "change": row.change,
        "lost": str(_lost([row])),
    }  # fmt: skip
