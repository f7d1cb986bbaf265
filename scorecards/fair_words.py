"""What a cycle's fair scores say, in sentences for people who know no statistics.

About raters as a group nothing is said unless at least `GROUP` of them stand behind it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Count

from accounts.words import counted, in_words
from partners.models import APART_KINDS
from scorecards.fair.agreement import in_word
from scorecards.models import Category, FairCycle, FairScore
from scorecards.models_fair import GROUP

NUMBERS = [
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
HOW_FAR = {"good": "agree well", "tentative": "agree roughly", "poor": "hardly agree"}
UNITS_TOLD_FROM = 3  # of fewer, agreement is chance
LISTED, SPANS = 3, 4  # categories, spans of ranks named in a sentence


def number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else f"{count:,}"


def findings(found: FairCycle) -> list[str]:
    """The sentences of a cycle's page, on categories and ranks of its main template: three queries, whatever its size."""
    scores = FairScore.objects.filter(cycle=found).exclude(scorecard__partner__kind__in=APART_KINDS)
    main = (
        scores.values_list("scorecard__template")
        .annotate(number=Count("pk"))
        .order_by("-number", "scorecard__template")
    )
    template = next((pk for pk, _ in main[:1]), None)
    names = dict(Category.objects.filter(template=template).values_list("pk", "name"))
    ranked = scores.filter(scorecard__template=template, rank__isnull=False)
    return sentences(found, names, spans_of(ranked.values_list("rank_first", "rank_last").distinct()))


def is_telling(told: Mapping[str, Any]) -> bool:
    """Whether enough raters stand behind an agreement, over enough partners to mean something."""
    return told.get("raters", 0) >= GROUP and told.get("units", 0) >= UNITS_TOLD_FROM


def sentences(
    found: FairCycle, categories: Mapping[int, str], spans: Iterable[tuple[int, int]] = ()
) -> list[str]:
    """The findings of a cycle, the most important first; `categories` by id, `spans` of ranks (`spans_of`)."""
    if found.reason:
        return [f"Whether raters were severe could not be worked out. {found.reason}"]
    if found.raters < GROUP:
        return [
            f"Severity can be told of {number(found.raters)} raters only: with fewer than {number(GROUP)} "
            "nothing is said about them, so that nobody can be worked out."
        ]
    said = [_severity(found), _moved(found), *_agreement(found, categories)]
    if told := _spans(spans):
        said.append(told)
    if found.circles > 1:
        said.append(
            f"Raters form {number(found.circles)} circles that share no partner: scores of different circles cannot be compared."
        )
    return said


def _severity(found: FairCycle) -> str:
    parts = [
        f"{number(count)} {'is' if count == 1 else 'are'} markedly {word}"
        for count, word in ((found.severe, "severe"), (found.generous, "generous"))
        if count
    ]
    if not parts:
        return f"None of the {number(found.raters)} raters is markedly severe or generous."
    return f"Of {number(found.raters)} raters {' and '.join(parts)}."


def _moved(found: FairCycle) -> str:
    if not found.moved:
        return "Corrected for severity, no partner changes band."
    return f"Corrected for severity, {number(found.moved)} {'partner changes' if found.moved == 1 else 'partners change'} band."


def _agreement(found: FairCycle, categories: Mapping[int, str]) -> list[str]:
    """Where raters agree well, roughly and hardly, by category."""
    by_word: dict[str, list[tuple[float, str]]] = {}
    for category, name in categories.items():
        told = found.agreement.get(f"g{category}", {})
        if told.get("alpha") is not None and is_telling(told):
            by_word.setdefault(in_word(told["alpha"]), []).append((told["alpha"], name))
    parts = []
    for word, rows in sorted(by_word.items()):  # good, poor, tentative
        names = [name for _, name in sorted(rows, reverse=word != "poor")]
        parts.append((word, f"{HOW_FAR[word]} on {in_words(names[:LISTED], len(names))}"))
    if not parts:
        return []
    if set(by_word) == {"poor"} and len(by_word["poor"]) > 1:
        alpha, name = max(by_word["poor"])
        return [f"Raters hardly agree on any category, most on {name} ({alpha:.2f} of 1)."]
    ordered = [text for wanted in ("good", "tentative", "poor") for word, text in parts if word == wanted]
    return [f"Raters {in_words(ordered, len(ordered))}."]


def spans_of(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The widest spans of ranks that cannot be told apart: those inside another are left out."""
    spans = sorted(
        {(first, last) for first, last in ranges if first < last}, key=lambda span: (span[0], -span[1])
    )
    found: list[tuple[int, int]] = []
    for span in spans:
        if not found or span[1] > found[-1][1]:
            found.append(span)
    return found


def _spans(spans: Iterable[tuple[int, int]]) -> str:
    listed = [f"{first} to {last}" if last - first > 1 else f"{first} and {last}" for first, last in spans]
    if not listed:
        return ""
    if len(listed) > SPANS:
        return f"Most ranks cannot be told apart from those beside them, ranks {listed[0]} among them."
    return f"Ranks {'; '.join(listed)} cannot be told apart."


def own_severity(effect: Any) -> str:
    """What a rater reads about themselves."""
    points = f"{abs(effect.effect):.1f}"
    way = "more generous" if effect.effect > 0 else "more severe"
    sure = f"give or take {effect.margin:.1f}"
    if not effect.is_marked:
        return f"Your {counted(effect.n, 'mark')} show no marked severity: {points} points {way} than the others, {sure}."
    return f"Your {counted(effect.n, 'mark')} are {points} points of 100 {way} than the others’ of the same partners, {sure}."
