"""What the score is made of: each category now, in the cycle before, and where peers of the same kind stand."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from django.db.models import Aggregate, Count, DecimalField
from django.urls import reverse

from accounts.templatetags.look import plain, score
from accounts.words import counted
from governance.brief.section import Section, Source, short
from governance.brief.subject import Subject
from governance.words import spelled
from scorecards.arithmetic import CategoryRow
from scorecards.models import CategoryScore, Scorecard
from scorecards.scoring import difference, shown, stored

SHOWN = 7  # categories, the heaviest
FEWEST_PEERS = 3  # a median of one or two is a score of somebody's
TELLING = Decimal(1)  # a smaller difference is none


class Median(Aggregate):
    """The middle value, or the mean of the two in the middle."""

    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DecimalField()


def section(about: Subject) -> Section | None:
    sums, card = about.arithmetic, about.card
    if not sums or not card:
        return None
    medians, peers = peer_medians(about)
    rows = [row for row in sums.categories if row.part.score is not None]
    rows = [row for row in rows if row in sorted(rows, key=lambda row: -row.possible)[:SHOWN]]
    data = [_row(row, medians.get(row.category.pk)) for row in rows]
    low, high = _range(data)
    earlier = about.before.cycle if about.before else ""
    said = ["Dot: now."]
    said += [f"Tail: since {short(earlier, 20)}."] if any(row["before"] for row in data) else []
    said += [f"Tick: median of {counted(peers, 'peer')}."] if peers else []
    return Section(
        "categories",
        finding(data, earlier),
        {"rows": data, "earlier": column(earlier), "peers": peers, "low": low, "high": high},
        note=" ".join([*said, f"Scale {low} to {high}."]),
        sources=_sources(about, peers),
    )


def peer_medians(about: Subject) -> tuple[dict[int, Decimal], int]:
    """The median of each category among peers, by its id, and how many there are at most; none of too few.

    Peers: other partners of the same kind in the same cycle, by the same template, whose scores the reader sees.
    """
    card = about.card
    if card is None or not about.beside_others:
        return {}, 0
    peers = Scorecard.objects.scores_visible_to(about.user).filter(
        cycle=card.cycle_id, template=card.template_id, partner__kind=about.partner.kind
    )
    found = CategoryScore.objects.filter(peers.exclude(pk=card.pk).holds()).values("category")
    rows = found.annotate(median=Median("score"), peers=Count("score")).order_by("category")
    listed = [row for row in rows.values_list("category", "median", "peers") if row[2] >= FEWEST_PEERS]
    medians = {category: stored(Decimal(repr(float(median)))) for category, median, _ in listed}
    return medians, max((peers for _, _, peers in listed), default=0)


def finding(rows: Sequence[dict[str, Any]], earlier: str) -> str:
    """Where it stands against its peers; without any, against the cycle before; else its weakest."""
    for against, lower, higher, words in (
        ("peers", "Below", "Above", "its peers"),
        ("before", "Lower than", "Higher than", f"in {short(earlier, 20)}"),
    ):
        found = [difference(row["score"], row[against]) for row in rows if row[against] is not None]
        below = sum(value is not None and value <= -TELLING for value in found)
        above = sum(value is not None and value >= TELLING for value in found)
        if found and not below and not above:
            return f"{'Level with' if against == 'peers' else 'The same as'} {words} in every category"
        if found:
            return (
                f"{lower if below >= above else higher} {words} in {_so_many(max(below, above), len(found))}"
            )
    weakest = min(rows, key=lambda row: row["score"])
    return f"Weakest: {weakest['name']}, {score(weakest['score'])}"


def _so_many(number: int, of: int) -> str:
    """Four of five categories, both categories, all five categories, the one category."""
    if number < of:
        return f"{spelled(number)} of {spelled(of)} categories"
    return (
        "its one category" if of == 1 else "both categories" if of == 2 else f"all {spelled(of)} categories"
    )


def column(earlier: str) -> str:
    """The heading of what was in the cycle before."""
    return earlier if len(earlier) <= 9 else "Before"


def _row(row: CategoryRow, median: Decimal | None) -> dict[str, Any]:
    return {
        "name": short(row.category.name), "weight": plain(row.category.weight), "score": row.score, "letter": row.letter,
        "before": None if row.before is None else stored(row.before), "peers": median,
    }  # fmt: skip


def _range(rows: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """The tens around everything drawn."""
    values = [
        shown(row[name]) for row in rows for name in ("score", "before", "peers") if row[name] is not None
    ]
    low = int((min(values) / 10).to_integral_value(ROUND_FLOOR)) * 10
    high = int((max(values) / 10).to_integral_value(ROUND_CEILING)) * 10
    return low, max(high, low + 10)


def _sources(about: Subject, peers: int) -> list[Source]:
    card, raters = about.card, about.outcome.raters if about.outcome else 0
    if card is None:
        return []
    found = [
        Source(
            f"Scorecard of {card.cycle}, {counted(raters, 'rater')}, {card.template}",
            reverse("scorecard_detail", args=[card.pk]),
        )
    ]
    if about.before:
        found.append(
            Source(
                f"Scorecard of {about.before.cycle}",
                reverse("scorecard_detail", args=[about.before.scorecard_id]),
            )
        )
    if peers:
        kind = about.partner.get_kind_display().lower()
        found.append(
            Source(
                f"Medians of {counted(peers, 'other partner')} of the kind “{kind}” in {card.cycle}",
                reverse("portfolio_heat"),
            )
        )
    return found
